//! JSON bodies, with errors that say the mend.

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::LengthLimitError;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::error::Category;
use serde_path_to_error::Segment;

use super::problem::{Problem, WrongField};

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
        let wrong = WrongField { pointer: String::new(), detail: T::TAKES.to_owned() };
        return Err(Problem::invalid(format!("Send a JSON object, not a list. {}", T::TAKES), vec![wrong]));
    }
    serde_json::from_slice(bytes).map_err(|error| problem::<T>(&error, bytes))
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

/// Says where it is wrong, never what stands there: it may be a secret in the wrong place, and answers are logged.
fn problem<T: Taken>(error: &serde_json::Error, bytes: &[u8]) -> Problem {
    let place = format!("at line {}, column {}", error.line(), error.column());
    match error.classify() {
        Category::Data => {
            let detail = format!("The JSON is not what is taken here, {place}. {}", T::TAKES);
            let wrong = WrongField { pointer: pointer::<T>(bytes), detail: T::TAKES.to_owned() };
            Problem::invalid(detail, vec![wrong])
        }
        _ => Problem::bad_request(format!("The body is not JSON, {place}.")),
    }
}

/// Where in the body it is wrong (RFC 6901). Reads it a second time: only a wrong one has to bear that. A field that
/// nobody knows is not named, since that may be the secret; what it stands in is.
fn pointer<T: Taken>(bytes: &[u8]) -> String {
    let reader = &mut serde_json::Deserializer::from_slice(bytes);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(reader) else { return String::new() };
    let unknown = error.inner().to_string().starts_with("unknown field");
    let mut segments: Vec<_> = error.path().iter().collect();
    if unknown {
        segments.pop();
    }
    let mut pointer = String::new();
    for segment in segments {
        let name = match segment {
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Seq { index } => index.to_string(),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&name);
    }
    pointer
}
