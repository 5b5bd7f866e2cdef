//! `/v1`: what backends and gateways ask. It knows root tokens and keys only; cookies mean nothing here.

pub mod auth;
mod body;
mod caller;
pub mod fast_path;
mod json;
mod manage;
pub mod openapi;
mod problem;
pub mod rate_headers;
pub mod refusal;
pub mod requirement;
mod verify;

use axum::{Router, routing::any};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;
pub use problem::{Problem, complete};

/// What is mounted and described in one go.
fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(openapi::read)).merge(manage::routes())
}

pub fn routes() -> Router<AppState> {
    Router::from(described())
        .route("/v1", any(problem::not_found))
        .route("/v1/", any(problem::not_found))
        .route("/v1/{*rest}", any(problem::not_found))
        .method_not_allowed_fallback(problem::method_not_allowed)
}

/// Whether a path is of this API.
pub fn has(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}
