//! A refusal as the profile shows it to whoever holds the key.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sallyport::{
    id::AppId,
    key::{Ask, KeyRecord},
    profile::{Profile, errors::Unjudged},
};
use sallyport_app::context::Client;
use serde_json::value::RawValue;

use super::{
    problem::{Problem, Told},
    rate_headers::Names,
};
use crate::{state::AppState, verifier::Judged};

/// What the client is told, whichever way it gets there: as the answer, within one, or in headers for nginx.
pub struct Shown {
    pub status: StatusCode,
    pub content_type: HeaderValue,
    /// JSON.
    pub body: Box<RawValue>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Shown {
    /// With the headers that tell of limits.
    pub fn judged(state: &AppState, judged: &Judged, ask: &Ask<'_>, client: &Client) -> Self {
        Self::refusal(state.context.store.profile(), &state.rates, judged, ask, client)
    }

    pub fn refusal(profile: &Profile, rates: &Names, judged: &Judged, ask: &Ask<'_>, client: &Client) -> Self {
        let app_id = judged.record().and_then(KeyRecord::app_id).map(AppId::as_str);
        let (errors, request_id) = (&profile.errors, client.request_id.as_str());
        let body = match judged.explanation(profile, ask) {
            Some(message) => errors.refusal_saying(&message, judged.verdict, app_id, request_id),
            None => errors.refusal(judged.verdict, app_id, request_id),
        };
        let mut shown = Self::new(profile, status(judged.verdict.status()), body);
        shown.headers.extend(rates.headers(judged));
        shown
    }

    /// What could not be judged, or not even understood.
    pub fn problem(profile: &Profile, problem: &Problem, client: &Client) -> Self {
        let Problem { status: code, title, .. } = *problem;
        let told = Unjudged { status: code, title, code: problem.code, message: &problem.detail };
        Self::new(profile, status(code), profile.errors.unjudged(&told, client.request_id.as_str()))
    }

    fn new(profile: &Profile, status: StatusCode, body: String) -> Self {
        // Both were checked with the profile.
        let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        let mut headers = vec![(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        if status == StatusCode::UNAUTHORIZED {
            headers.push((header::WWW_AUTHENTICATE, value(&profile.challenge)));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.push((header::RETRY_AFTER, HeaderValue::from_static("1")));
        }
        let body = RawValue::from_string(body).unwrap_or_default();
        Self { status, content_type: value(&profile.errors.content_type), body, headers }
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        let mut response = (self.status, Box::<str>::from(self.body).into_string()).into_response();
        response.extensions_mut().insert(Told);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.content_type);
        headers.extend(self.headers);
        response
    }
}
