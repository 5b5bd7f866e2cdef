//! `/v1`, for backends, gateways and command lines, and `/oauth`, with which these sign in. Cookies are ignored.

mod audit_keys;
pub mod auth;
mod body;
mod caller;
mod capabilities;
mod credential;
mod edge;
pub mod fast_path;
mod json;
mod leaks;
mod manage;
mod oauth;
pub mod openapi;
mod problem;
pub mod rate_headers;
pub mod refusal;
pub mod requirement;
mod schema;
mod verify;

use axum::{Router, routing::any};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;
pub use edge::complete;
pub use problem::Problem;

/// The mounted and described routes.
fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(openapi::read))
        .routes(routes!(audit_keys::read))
        .routes(routes!(capabilities::keys))
        .routes(routes!(capabilities::verify))
        .routes(routes!(leaks::report))
        .merge(manage::routes())
        .merge(oauth::routes())
}

pub fn routes() -> Router<AppState> {
    Router::from(described())
        .route("/v1", any(edge::not_found))
        .route("/v1/", any(edge::not_found))
        .route("/v1/{*rest}", any(edge::not_found))
        .route("/oauth/{*rest}", any(edge::not_found))
        .method_not_allowed_fallback(edge::method_not_allowed)
}

/// Whether a path belongs to this API.
pub fn has(path: &str) -> bool {
    path == "/v1"
        || path.starts_with("/v1/")
        || path == audit_keys::PATH
        || path == capabilities::KEYS
        || oauth::has(path)
}
