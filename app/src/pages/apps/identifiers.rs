//! `/apps/{app_id}/identifiers.json`: four names, no secret, as a download.

use axum::{
    http::{HeaderValue, header},
    response::IntoResponse,
};

use crate::{
    access::AppAccess,
    error::{PageError, PageResult},
};

pub async fn get(access: AppAccess) -> PageResult {
    let text = serde_json::to_string_pretty(&access.app.identifiers()).map_err(|_| PageError::Unavailable)?;
    let mut response = format!("{text}\n").into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("attachment; filename=\"identifiers-{}.json\"", access.app.id);
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
