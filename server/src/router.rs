//! Every route, but for the questions about keys (`api/fast_path.rs`), and what stands before the pages.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Extensions, HeaderMap, StatusCode, Version},
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
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, timeout::TimeoutLayer};

use crate::{
    api,
    middleware::{
        guard::{TIMEOUT, words},
        headers, origin,
    },
    probes, site,
    state::AppState,
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
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
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
