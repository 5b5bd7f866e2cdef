//! JSON bodies, with errors that say the mend.

use axum::{
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::StatusCode,
};
use sallyport_app::context::Client;
use serde::de::DeserializeOwned;

use super::problem::Problem;

pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let client = request.extensions().get::<Client>().cloned();
        let about = |problem: Problem| match &client {
            Some(client) => problem.about(client),
            None => problem,
        };
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(about(problem(&rejection))),
        }
    }
}

fn problem(rejection: &JsonRejection) -> Problem {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send JSON, with the header Content-Type: application/json.",
        ),
        JsonRejection::JsonDataError(error) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", cause(error)),
        JsonRejection::JsonSyntaxError(error) => {
            Problem::bad_request(format!("The body is not JSON: {}", cause(error)))
        }
        other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body may have 256 KiB at most.")
        }
        _ => Problem::bad_request("The body could not be read."),
    }
}

/// What serde says, without axum's sentence before it. It names fields and places; values only where a word was
/// expected from a list, and never one longer than a word, so that a misplaced secret is not repeated.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let text = cause.to_string();
    if text.contains('`') || !text.contains("invalid type: string") {
        return text;
    }
    "A text stands where something else was expected.".to_owned()
}
