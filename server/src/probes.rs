//! `/healthz` and `/readyz`: whether the server is alive, and whether it can do its work.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use sallyport::verifier::health;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// Probes are answered even under load.
pub fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Check that the process is alive
///
/// Needs neither the database nor anything else.
#[utoipa::path(
    get, path = "/healthz", operation_id = "getHealth", tag = "Service",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether the server can do its work, as `Accept: application/json` is answered.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    ready: bool,
    checks: Vec<HealthCheck>,
}

/// One requirement of the server, and its state.
#[derive(Serialize, ToSchema)]
pub struct HealthCheck {
    /// `database`, `revocations` or `writes`; and `journal`, with several nodes also `redis`, without which a server is ready.
    name: &'static str,
    ok: bool,
    /// What is wrong, or `ok`.
    detail: String,
}

impl From<health::HealthCheck> for HealthCheck {
    fn from(check: health::HealthCheck) -> Self {
        Self { name: check.name, ok: check.ok, detail: check.detail }
    }
}

/// Check that the server is ready
///
/// The database answers, revocations are received, and writes succeed. Answered within a second.
#[utoipa::path(get, path = "/readyz", operation_id = "getReadiness", tag = "Service", responses(
    (status = 200, content((String = "text/plain"), (Readiness = "application/json"))),
    (status = 503, content((String = "text/plain"), (Readiness = "application/json")), description = "Not ready, and why"),
))]
pub async fn readyz(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let checks = state.verifier.health().await;
    let failed = checks.iter().filter(|check| !check.ok && check.required);
    let failed: Vec<_> = failed.map(|check| format!("{}: {}\n", check.name, check.detail)).collect();
    let checks: Vec<_> = checks.iter().cloned().map(HealthCheck::from).collect();
    let status = if failed.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if accepts_json(&headers) {
        return (status, Json(Readiness { ready: failed.is_empty(), checks })).into_response();
    }
    let text = if failed.is_empty() { "ready\n".to_owned() } else { failed.concat() };
    (status, text).into_response()
}

fn accepts_json(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"))
}
