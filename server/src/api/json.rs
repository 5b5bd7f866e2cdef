//! JSON bodies, with errors that say the mend.

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::LengthLimitError;
use serde::{Serialize, de::DeserializeOwned};

use super::problem::Problem;

mod wrong;

/// A request to be verified may carry the body that was signed.
pub const LIMIT: usize = 256 * 1024;

/// A body that an endpoint takes.
pub trait Taken: DeserializeOwned {
    /// A sentence about its fields, for whoever sent another.
    const TAKES: &str;
}

/// A body that says it is JSON.
pub async fn bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    if !is_json(headers) {
        let detail = "Send JSON, with the header Content-Type: application/json.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
    }
    to_bytes(body, LIMIT).await.map_err(|error| {
        if error.into_inner().is::<LengthLimitError>() {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body may have 256 KiB at most.")
        } else {
            Problem::bad_request("The body could not be read.")
        }
    })
}

pub fn parse<T: Taken>(bytes: &[u8]) -> Result<T, Problem> {
    // A list would be taken for the fields in their order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(wrong::whole::<T>(format!("Send a JSON object, not a list. {}", T::TAKES)));
    }
    serde_json::from_slice(bytes).map_err(|error| wrong::problem::<T>(&error, bytes))
}

/// An answer in JSON, in one allocation: most are a little shorter than that.
pub fn answer(body: &impl Serialize) -> Response {
    let mut text = Vec::with_capacity(768);
    if serde_json::to_writer(&mut text, body).is_err() {
        return Problem::unavailable().into_response();
    }
    let mut response = Response::new(Body::from(text));
    response.headers_mut().reserve(16);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `application/json` and `application/…+json`, with parameters or without.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    // As nearly everybody writes it.
    if kind == "application/json" {
        return true;
    }
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}
