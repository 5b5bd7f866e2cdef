//! Who calls the API: a root token in `Authorization: Bearer`.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use sallyport::root_token::{self, RootToken};
use sallyport_app::context::Client;

use super::problem::Problem;
use crate::state::AppState;

/// A request whose root token is good.
pub struct Caller {
    pub token: Arc<RootToken>,
    pub client: Client,
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let client = parts.extensions.get::<Client>().cloned().ok_or_else(Problem::unavailable)?;
        let refused = |detail: &str| Problem::unauthorized(detail).about(&client);
        let presented = bearer(&parts.headers).map_err(|()| refused("Send one Authorization header."))?;
        let presented = presented.ok_or_else(|| {
            refused("Send a root token: Authorization: Bearer sp_root_… (sallyport token create --name NAME).")
        })?;
        if !presented.starts_with(root_token::PREFIX) {
            return Err(refused("That is not a root token; one begins with sp_root_."));
        }
        let token =
            state.verifier.token(presented, client.ip).await.map_err(|error| Problem::from(error).about(&client))?;
        let token = token.ok_or_else(|| refused("This root token is unknown or was revoked."))?;
        Ok(Self { token, client })
    }
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
