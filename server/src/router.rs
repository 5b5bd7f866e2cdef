//! All routes except verification (`api/fast_path.rs`), and the middleware of pages.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Extensions, HeaderMap, StatusCode, Version},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::get,
};
use sallyport::session::LIFETIME;
use sallyport_app::{context::Context, error::PageError, error_page, form, ui::Uncompressed};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, timeout::TimeoutLayer};
use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite};

use crate::{
    api, logo,
    middleware::{
        guard::{TIMEOUT, words},
        headers, origin,
    },
    probes,
    session_store::Sessions,
    site,
    state::AppState,
};

pub fn router(state: &AppState, pages: Router<Context>) -> Router {
    let portal = pages
        .layer(from_fn_with_state(state.clone(), origin::check))
        .layer(DefaultBodyLimit::max(form::LIMIT))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(CatchPanicLayer::custom(broken))
        .layer(from_fn_with_state(state.context.clone(), error_page::error_pages))
        // Outside of the error pages, which are shown in the signed-in person's frame.
        .layer(sessions(state))
        .layer(CompressionLayer::new().compress_when(unless_secret as fn(_, _, &_, &_) -> _))
        .layer(from_fn_with_state(state.clone(), headers::nonce))
        .with_state(state.context.clone());

    let files = Router::new()
        .route("/pkg/{hash}/{file}", get(site::asset))
        .route("/favicon.svg", get(site::favicon))
        .route("/favicon.ico", get(site::favicon))
        .route("/robots.txt", get(site::robots));

    Router::new()
        .route("/logo/{digest}", get(logo::get))
        .merge(api::routes())
        .with_state(state.clone())
        .merge(files)
        .merge(portal)
}

/// What orchestrators ask, which needs none of the other routes.
pub fn probes(state: &AppState) -> Router {
    Router::new()
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .with_state(state.clone())
}

/// The page for a panic shows the request's id, which is also in the log.
fn broken(panic: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!(panic = words(&*panic), "a page broke");
    PageError::Broken.into_response()
}

/// Pages are compressed, except the one that shows secrets.
fn unless_secret(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Uncompressed>().is_none()
}

/// The name's prefix restricts the cookie to https; without Secure browsers would drop it, so that nobody could sign
/// in.
fn sessions(state: &AppState) -> SessionManagerLayer<Sessions> {
    let https = state.is_https();
    let lifetime = i64::try_from(LIFETIME.as_secs()).unwrap_or(i64::MAX);
    SessionManagerLayer::new(Sessions::new(state.context.store.clone()))
        .with_name(state.context.cookie_name("sallyport"))
        .with_secure(https)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path(state.context.sub_path.cookie_path().to_owned())
        .with_expiry(Expiry::OnInactivity(time::Duration::seconds(lifetime)))
}
