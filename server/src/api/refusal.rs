//! A refusal, as it is sent to the client with the key.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sallyport::{
    key::Ask,
    profile::{Profile, errors::Unjudged},
    request::Client,
    verifier::{Judged, refusal::Refusal},
};
use serde_json::value::RawValue;

use super::problem::Problem;
use crate::state::AppState;

/// Marks a response that already explains the error.
#[derive(Clone, Copy)]
pub struct Rendered;

/// Answer to the client, whichever way it gets there: as the answer, within one, or in headers for nginx.
pub struct RefusalResponse {
    pub status: StatusCode,
    pub content_type: HeaderValue,
    /// JSON.
    pub body: Box<RawValue>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl RefusalResponse {
    /// Includes the rate limit headers.
    pub fn judged(state: &AppState, judged: &Judged, ask: &Ask<'_>, client: &Client) -> Self {
        let profile = state.context.store.profile();
        let mut response = Self::from(Refusal::judged(profile, judged, ask, &client.request_id));
        response.headers.extend(state.rates.headers(judged));
        response
    }

    /// For a request that could not be checked or understood.
    pub fn problem(profile: &Profile, problem: &Problem, client: &Client) -> Self {
        let Problem { status, title, code, .. } = *problem;
        let told = Unjudged { status, title, code, message: &problem.detail };
        Refusal::unjudged(profile, &told, &client.request_id).into()
    }
}

impl From<Refusal<'_>> for RefusalResponse {
    fn from(refusal: Refusal<'_>) -> Self {
        // All were validated with the profile.
        let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = vec![(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        if let Some(challenge) = refusal.challenge {
            headers.push((header::WWW_AUTHENTICATE, value(challenge)));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.push((header::RETRY_AFTER, HeaderValue::from_static("1")));
        }
        let body = RawValue::from_string(refusal.body).unwrap_or_default();
        Self { status, content_type: value(refusal.content_type), body, headers }
    }
}

impl IntoResponse for RefusalResponse {
    fn into_response(self) -> Response {
        let mut response = (self.status, Box::<str>::from(self.body).into_string()).into_response();
        response.extensions_mut().insert(Rendered);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.content_type);
        headers.extend(self.headers);
        response
    }
}
