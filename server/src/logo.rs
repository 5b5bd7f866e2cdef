//! `GET /logo/{digest}`: the logo of the profile, for everybody.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sallyport_app::picture;

use crate::state::AppState;

/// Immutable: another logo has another address.
pub async fn get(State(state): State<AppState>, Path(digest): Path<String>) -> Response {
    match &state.context.store.profile().brand.logo {
        Some(logo) if logo.digest == digest => picture::answer(logo, "public, max-age=31536000, immutable"),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
