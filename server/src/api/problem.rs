//! Problem documents (RFC 9457): every error under `/v1`.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sallyport::{Error, id::RequestId};
use sallyport_app::context::Client;
use serde::Serialize;

use super::shown::Shown;
use crate::state::AppState;

#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// No page explains the errors one by one: `about:blank` says that the title is the status.
    pub r#type: &'static str,
    pub title: &'static str,
    pub status: u16,
    pub code: &'static str,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { r#type: "about:blank", title, status: status.as_u16(), code, detail: detail.into(), request_id: None }
    }

    #[must_use]
    pub fn about(mut self, client: &Client) -> Self {
        self.request_id = Some(client.request_id.clone());
        self
    }

    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// The store can't be asked: closed.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Keys can't be judged right now, so this request is refused. Try again in a moment.",
        )
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(invalid) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", invalid.to_string()),
            Error::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing of that name."),
            Error::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, "forbidden", message),
            error => {
                tracing::warn!(%error, "refused, because nothing could be said");
                Self::unavailable()
            }
        }
    }
}

/// On answers that tell what went wrong already.
#[derive(Clone, Copy)]
pub struct Told;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.extensions_mut().insert(Told);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sallyport\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// What went wrong outside the handlers (a panic, the time-out) is told as a problem document too, and by a gateway's
/// endpoint as the profile says.
pub async fn complete(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let client = request.extensions().get::<Client>().cloned();
    let for_a_gateway = request.uri().path().starts_with("/v1/auth");
    let mut response = next.run(request).await;
    if response.status().is_server_error() && response.extensions().get::<Told>().is_none() {
        let problem = match response.status() {
            StatusCode::INTERNAL_SERVER_ERROR => {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something is broken here; it was logged.")
            }
            _ => Problem::unavailable(),
        };
        response = match client {
            Some(client) if for_a_gateway => {
                Shown::problem(state.context.store.profile(), &problem, &client).into_response()
            }
            Some(client) => problem.about(&client).into_response(),
            None => problem.into_response(),
        };
    }
    response
}

pub async fn not_found(axum::Extension(client): axum::Extension<Client>) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "There is no such endpoint.").about(&client)
}

pub async fn method_not_allowed(axum::Extension(client): axum::Extension<Client>) -> Problem {
    let detail = "This endpoint does not take that method; see the header Allow.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).about(&client)
}
