//! A small JSON file of an app.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

pub fn download(name: &str, text: &str) -> Response {
    let mut response = format!("{text}\n").into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}
