//! Every route, but for the questions about keys (`api/question.rs`), and what stands before the pages.

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{Extensions, HeaderMap, StatusCode, Version, header},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::get,
};
use sallyport_app::{
    context::Context,
    error::PageError,
    form,
    session::sessions,
    ui::{self, Uncompressed},
};
use serde::Serialize;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, timeout::TimeoutLayer};
use utoipa::ToSchema;

use crate::{
    api,
    middleware::{
        guard::{TIMEOUT, words},
        headers, origin,
    },
    site,
    state::AppState,
    verifier::health::HealthCheck,
};

pub fn router(state: &AppState, pages: Router<Context>) -> Router {
    let portal = pages
        .layer(from_fn_with_state(state.clone(), origin::check))
        .layer(DefaultBodyLimit::max(form::LIMIT))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(CatchPanicLayer::custom(broken))
        .layer(from_fn_with_state(state.context.clone(), ui::error_pages))
        // Outside of the error pages, which are shown in the frame of whoever is signed in.
        .layer(from_fn_with_state(state.context.clone(), sessions))
        .layer(CompressionLayer::new().compress_when(unless_secret as fn(_, _, &_, &_) -> _))
        .layer(from_fn_with_state(state.clone(), headers::nonce))
        .with_state(state.context.clone());

    let files = Router::new()
        .route("/pkg/{hash}/{file}", get(site::asset))
        .route("/favicon.svg", get(site::favicon))
        .route("/favicon.ico", get(site::favicon))
        .route("/robots.txt", get(site::robots));

    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .merge(api::routes())
        .with_state(state.clone())
        .merge(files)
        .merge(portal)
}

/// A handler that panicked; the page tells the request's id, under which this is in the log.
fn broken(panic: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!(panic = words(&*panic), "a page broke");
    PageError::Broken.into_response()
}

/// Pages are compressed, but not the one that shows secrets.
fn unless_secret(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Uncompressed>().is_none()
}

/// Alive
///
/// Touches nothing.
#[utoipa::path(get, path = "/healthz", tag = "Around it", responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether the server can do its work, as `Accept: application/json` is answered.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    ready: bool,
    checks: Vec<HealthCheck>,
}

/// Ready
///
/// The database answers, revocations are heard of, and writes succeed. Answered within a second.
#[utoipa::path(get, path = "/readyz", tag = "Around it", responses(
    (status = 200, content((String = "text/plain"), (Readiness = "application/json"))),
    (status = 503, content((String = "text/plain"), (Readiness = "application/json")), description = "Not ready, and why"),
))]
pub(crate) async fn readyz(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let checks = state.verifier.health().await;
    let failed = checks.iter().filter(|check| !check.ok);
    let failed: Vec<_> = failed.map(|check| format!("{}: {}\n", check.name, check.detail)).collect();
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
