//! JSON bodies, with errors that say the mend.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use sallyport_app::context::Client;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::problem::Problem;

/// A body that an endpoint takes.
pub trait Taken: DeserializeOwned {
    /// A sentence about its fields, for whoever sent another.
    const TAKES: &str;
}

pub struct Json<T>(pub T);

impl<T: Taken, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let client = request.extensions().get::<Client>().cloned();
        let read = async {
            if !is_json(request.headers()) {
                let detail = "Send JSON, with the header Content-Type: application/json.";
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
            }
            let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body may have 256 KiB at most.")
                }
                _ => Problem::bad_request("The body could not be read."),
            })?;
            serde_json::from_slice(&bytes).map(Self).map_err(|error| problem::<T>(&error))
        };
        read.await.map_err(|problem| client.iter().fold(problem, |problem, client| problem.about(client)))
    }
}

/// `application/json` and `application/…+json`, with parameters or without.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind == "application/json" {
        return true;
    }
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Says where it is wrong, never what stands there: it may be a secret in the wrong place, and answers are logged.
fn problem<T: Taken>(error: &serde_json::Error) -> Problem {
    let place = format!("at line {}, column {}", error.line(), error.column());
    match error.classify() {
        Category::Data => {
            let detail = format!("The JSON is not what is taken here, {place}. {}", T::TAKES);
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
        }
        _ => Problem::bad_request(format!("The body is not JSON, {place}.")),
    }
}
