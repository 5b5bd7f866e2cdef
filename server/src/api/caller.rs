//! Who calls the API: a root token in `Authorization: Bearer`.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use sallyport::root_token::{PREFIX, RootToken};
use sallyport_app::context::Client;

use super::problem::Problem;
use crate::state::AppState;

/// The root token that a request brings, if it is good.
pub async fn root_token(state: &AppState, client: &Client, headers: &HeaderMap) -> Result<Arc<RootToken>, Problem> {
    let refused = Problem::unauthorized::<&str>;
    let presented = bearer(headers).map_err(|()| refused("Send one Authorization header."))?;
    let presented = presented.ok_or_else(|| {
        refused("Send a root token: Authorization: Bearer sp_root_… (sallyport token create --name NAME).")
    })?;
    if !presented.starts_with(PREFIX) {
        return Err(refused("That is not a root token; one begins with sp_root_."));
    }
    let token = state.verifier.token(presented, client.ip).await?;
    token.ok_or_else(|| refused("This root token is unknown or was revoked."))
}

/// The credential of `Authorization: Bearer`. More than one such header is ambiguous, so it is refused.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ()> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(());
    }
    // A value that is no text is still something presented: it is malformed, not missing.
    let Ok(value) = value.to_str() else { return Ok(Some("")) };
    let (scheme, credential) = value.split_once(' ').unwrap_or((value, ""));
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim()))
}
