//! The outermost layer of `/v1`. Errors are rendered here, where the request's id is known.

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

/// Renders a handler's problem as a document. Errors outside of the handlers (a panic, the time-out) become problem
/// documents too; a gateway's endpoint formats them according to the profile.
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

/// Keeps the response's other headers, such as `Allow`.
fn render(problem: Problem, response: Response, client: &Client) -> Response {
    let (status, wait) = (problem.status(), problem.wait());
    let body = serde_json::to_vec(&Problem { request_id: Some(client.request_id.clone()), ..problem });
    let (mut head, _) = response.into_parts();
    head.status = status;
    // It belonged to the empty body.
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
