//! The edge of `/v1`: what every answer gets before it leaves. Errors are rendered here, once it is known which request
//! they are about.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sallyport::request::Client;

use super::{
    problem::Problem,
    refusal::{RefusalResponse, Rendered},
};
use crate::state::AppState;

/// A handler's problem becomes a document. What went wrong outside the handlers (a panic, the time-out) is answered by a
/// problem document too, and by a gateway's endpoint as the profile says.
pub fn complete(mut response: Response, state: &AppState, for_a_gateway: bool, client: &Client) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return render(problem, response, client);
    }
    if !response.status().is_server_error() || response.extensions().get::<Rendered>().is_some() {
        return response;
    }
    let problem = match response.status() {
        StatusCode::INTERNAL_SERVER_ERROR => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error; it was logged.")
        }
        _ => Problem::unavailable(),
    };
    if for_a_gateway {
        return RefusalResponse::problem(state.context.store.profile(), &problem, client).into_response();
    }
    render(problem, Response::default(), client)
}

/// Beside what headers the response has: `Allow`, for one.
fn render(problem: Problem, response: Response, client: &Client) -> Response {
    let (status, wait) = (problem.status(), problem.wait());
    let body = serde_json::to_vec(&Problem { request_id: Some(client.request_id.clone()), ..problem });
    let (mut head, _) = response.into_parts();
    head.status = status;
    // Of the empty body that stood for this one.
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        head.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sallyport\""));
    }
    if let Some(seconds) = wait {
        head.headers.insert(header::RETRY_AFTER, seconds.get().into());
    }
    Response::from_parts(head, Body::from(body.unwrap_or_default()))
}

pub async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "There is no such endpoint.")
}

pub async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed()
}
