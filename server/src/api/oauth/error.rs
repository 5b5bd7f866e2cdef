//! Errors in the form of OAuth 2.0 (RFC 6749 section 5.2, RFC 8628 section 3.5).

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sallyport::{Error, limit::whole_seconds};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::Problem;

/// An error of the OAuth endpoints.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub struct OAuthError {
    /// `authorization_pending` and `slow_down`: ask again. All others are final.
    #[schema(example = "authorization_pending")]
    error: &'static str,
    /// Description of the error, for people.
    error_description: String,
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    wait: Option<Duration>,
}

impl OAuthError {
    pub fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, error_description: description.into(), status: StatusCode::BAD_REQUEST, wait: None }
    }

    pub fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    pub fn throttled(wait: Duration) -> Self {
        let description =
            "Too many command lines asked to be signed in from this address. Wait as long as Retry-After says.";
        Self::too_many(description, wait)
    }

    pub fn unavailable(description: &str) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self { status, ..Self::new("temporarily_unavailable", description) }
    }

    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        self.status.is_server_error()
    }

    pub fn too_many(description: &str, wait: Duration) -> Self {
        Self { status: StatusCode::TOO_MANY_REQUESTS, wait: Some(wait), ..Self::new("slow_down", description) }
    }
}

impl From<Problem> for OAuthError {
    fn from(problem: Problem) -> Self {
        let error = if problem.status().is_server_error() { "temporarily_unavailable" } else { "invalid_request" };
        Self { status: problem.status(), ..Self::new(error, problem.detail.into_string()) }
    }
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(invalid) => Self::invalid_request(invalid.to_string()),
            error => Problem::from(error).into(),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let wait = match self.status {
            StatusCode::SERVICE_UNAVAILABLE => Some(1),
            _ => self.wait.map(whole_seconds),
        };
        let mut response = (self.status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(super::super::refusal::Rendered);
        response
    }
}
