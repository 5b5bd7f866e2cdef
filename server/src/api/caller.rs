//! Who calls the API: a root token in `Authorization: Bearer`.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use sallyport::{
    audit::{Action, Actor, NewEvent, Target},
    root_token::{PREFIX, RootToken},
};
use sallyport_app::context::Client;

use super::problem::Problem;
use crate::{state::AppState, verifier::Found};

/// The root token that a request brings, if it is good.
pub async fn root_token(state: &AppState, client: &Client, headers: &HeaderMap) -> Result<Arc<RootToken>, Problem> {
    let refused = |detail: &str| Problem::unauthorized(detail);
    let presented = bearer(headers).map_err(|()| refused("Send one Authorization header."))?;
    let presented = presented.ok_or_else(|| {
        refused("Send a root token: Authorization: Bearer sp_root_… (sallyport token create --name NAME).")
    })?;
    if !presented.starts_with(PREFIX) {
        return Err(refused("That is not a root token; one begins with sp_root_."));
    }
    match state.verifier.token(presented, client.ip).await? {
        Found::Somebodys(token) => Ok(token),
        Found::Nobodys => {
            let target = Target::new("root_token", "", "Unknown or revoked root token");
            let event = NewEvent::of_system(Action::TokenRefused, target).refused(401);
            state.context.noted.note(client.act(Actor::Anonymous), event);
            Err(refused("This root token is unknown or was revoked."))
        }
        Found::Later(wait) => {
            let detail = "Too many unknown root tokens came from this address. Wait as long as Retry-After says.";
            Err(Problem::too_many(detail, Some(wait)))
        }
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
