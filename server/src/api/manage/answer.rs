//! Responses of the management endpoints.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A part of a list, newest first.
#[derive(Serialize, ToSchema)]
pub struct Listed<T> {
    pub data: Vec<T>,
    /// Send it as `cursor` to get the next part; `null` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Listed<T> {
    pub fn of<U>(page: sallyport::store::Page<U>, show: impl FnMut(U) -> T) -> Self {
        Self { data: page.items.into_iter().map(show).collect(), next_cursor: page.next }
    }
}

/// Current data, not to be cached.
pub fn ok(body: impl Serialize) -> Response {
    answer(StatusCode::OK, body)
}

/// The created resource and its address.
pub fn created(path: &str, body: impl Serialize) -> Response {
    located(StatusCode::CREATED, path, body)
}

/// What was asked for was not done yet; the address says how far it is.
pub fn accepted(path: &str, body: impl Serialize) -> Response {
    located(StatusCode::ACCEPTED, path, body)
}

fn located(status: StatusCode, path: &str, body: impl Serialize) -> Response {
    let mut response = answer(status, body);
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    response
}

/// Created resources without an address.
pub fn created_unaddressed(body: impl Serialize) -> Response {
    answer(StatusCode::CREATED, body)
}

fn answer(status: StatusCode, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
