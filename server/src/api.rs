//! `/v1`: what backends and gateways ask. It knows root tokens and keys only; cookies mean nothing here.

mod auth;
mod caller;
mod json;
mod manage;
mod openapi;
mod problem;
pub mod rate_headers;
pub mod requirement;
pub mod shown;
mod verify;

use axum::{
    Router,
    routing::{any, post},
};

use tower_http::catch_panic::CatchPanicLayer;

use crate::state::AppState;
pub use problem::{Problem, complete};

pub fn routes() -> Router<AppState> {
    let (described, _) = manage::routes().split_for_parts();
    Router::new()
        .route("/v1/keys/verify", post(verify::verify))
        .route("/v1/auth", any(auth::auth))
        .merge(described)
        .route("/v1/auth/envoy/{*asked}", any(auth::envoy))
        .route("/v1", any(problem::not_found))
        .route("/v1/", any(problem::not_found))
        .route("/v1/{*rest}", any(problem::not_found))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(CatchPanicLayer::new())
}
