//! A refusal as the profile shows it to whoever holds the key.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sallyport::{
    Timestamp,
    key::{KeyRecord, Verdict},
};
use sallyport_app::context::Client;
use serde_json::value::RawValue;

use super::{problem::Problem, rate_headers::Names};
use crate::verifier::Judged;

/// What the client is told, whichever way it gets there: as the answer, within one, or in headers for nginx.
pub struct Shown {
    pub status: StatusCode,
    pub content_type: &'static str,
    /// JSON.
    pub body: Box<RawValue>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Shown {
    pub fn refusal(judged: &Judged, rates: &Names, now: Timestamp, client: &Client) -> Self {
        let mut shown = Self::problem(&problem(judged.verdict, judged.record(), client));
        shown.headers.extend(rates.headers(judged, now));
        shown
    }

    pub fn problem(problem: &Problem) -> Self {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = vec![(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        if status == StatusCode::UNAUTHORIZED {
            headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sallyport\"")));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.push((header::RETRY_AFTER, HeaderValue::from_static("1")));
        }
        let body = serde_json::value::to_raw_value(problem).unwrap_or_default();
        Self { status, content_type: "application/problem+json", body, headers }
    }
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        let mut response = (self.status, Box::<str>::from(self.body).into_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.extend(self.headers);
        response
    }
}

/// Unknown and malformed keys get the same words: neither tells anything of the other.
fn problem(verdict: Verdict, key: Option<&KeyRecord>, client: &Client) -> Problem {
    let detail = match verdict {
        Verdict::Valid => String::new(),
        Verdict::HttpsRequired => "Send this request over https.".to_owned(),
        Verdict::Missing => "No API key was sent. Send it in the x-api-key header.".to_owned(),
        Verdict::Malformed | Verdict::NotFound => {
            "This API key is not valid. Check that it was copied whole, and that it was not revoked.".to_owned()
        }
        Verdict::Revoked => "This API key was revoked. Generate another in the portal.".to_owned(),
        Verdict::Expired => "This API key has expired. Generate another in the portal.".to_owned(),
        Verdict::Paused => "This API key is paused. Resume it in the portal.".to_owned(),
        Verdict::Suspended => "The app or organization of this API key is suspended.".to_owned(),
        Verdict::WorkspaceMismatch => "This API key belongs to another workspace.".to_owned(),
        Verdict::IpDenied => "This API key may not be used from this address.".to_owned(),
        Verdict::ModeMismatch => "This API key belongs to the other mode (live or test).".to_owned(),
        Verdict::AppMismatch => "This API key belongs to another app.".to_owned(),
        Verdict::InsufficientScope => "This API key does not have the scope that this request needs.".to_owned(),
        Verdict::IngestionNotVerified => match key.and_then(KeyRecord::app_id) {
            Some(app) => format!("App {app} is not verified for data ingestion."),
            None => "This app is not verified for data ingestion.".to_owned(),
        },
        Verdict::SignatureRequired => "Requests with this API key have to be signed.".to_owned(),
        Verdict::BadSignature => {
            "The signature of this request is wrong, or its timestamp more than five minutes from now.".to_owned()
        }
        Verdict::Replayed => "This signature was used before; sign each request anew.".to_owned(),
        Verdict::RateLimited if key.is_none() => {
            "Too many requests with API keys that are not valid. Wait as long as Retry-After says.".to_owned()
        }
        Verdict::RateLimited => "Too many requests with this API key. Wait as long as Retry-After says.".to_owned(),
    };
    let (status, code) = match verdict.status() {
        401 => (StatusCode::UNAUTHORIZED, "unauthorized"),
        429 => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        _ => (StatusCode::FORBIDDEN, "forbidden"),
    };
    Problem::new(status, code, detail).about(client)
}
