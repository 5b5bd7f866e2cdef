//! `/oauth`: the sign-in of command lines, with the device authorization grant (RFC 8628); and `/v1/token`.
//!
//! No cookie is read here: a person approves the sign-in on the page `/device`.

mod device_authorization;
mod error;
mod exchange;
mod form;
mod metadata;
mod revocation;
mod token;

use axum::{
    http::{HeaderValue, header},
    response::Response,
};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::json;
use crate::state::AppState;

/// The only client: it is public, so it has no secret.
const CLIENT: &str = "sallyport-cli";

/// Mounts and describes the endpoints.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(device_authorization::start))
        .routes(routes!(token::issue))
        .routes(routes!(exchange::exchange))
        .routes(routes!(revocation::revoke))
        .routes(routes!(metadata::read))
}

/// Whether a path belongs to these endpoints.
pub fn has(path: &str) -> bool {
    path.starts_with("/oauth/") || path == metadata::PATH
}

/// A successful answer, which holds a secret (RFC 6749, section 5.1).
fn secret(body: &impl Serialize) -> Response {
    let mut response = json::answer(body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
