//! Who calls the API: a root token in `Authorization: Bearer`.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, header};
use sallyport::{
    audit::{Action, Actor, NewEvent, Target},
    request::Client,
    root_token::{PREFIX, RootToken},
    verifier::Found,
};

use super::problem::Problem;
use crate::state::AppState;

/// The root token that a request brings, if it is good.
pub async fn root_token(state: &AppState, client: &Client, headers: &HeaderMap) -> Result<Arc<RootToken>, Problem> {
    let refused = |detail: &str| Problem::unauthorized(detail);
    let presented = match bearer(headers) {
        Err(Unclear::Several) => return Err(refused("Send one Authorization header.")),
        Err(unreadable) => return Err(unreadable.into()),
        Ok(presented) => presented,
    };
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

/// Why nobody can say which credential was presented.
#[derive(Debug, PartialEq, Eq)]
pub enum Unclear {
    Several,
    /// This header holds bytes that are no text.
    Unreadable(HeaderName),
}

impl From<Unclear> for Problem {
    fn from(unclear: Unclear) -> Self {
        Self::bad_request(match unclear {
            Unclear::Several => "More than one API key was sent; send one.".to_owned(),
            Unclear::Unreadable(name) => {
                format!("The header {name} holds bytes that are not ASCII text; send the credential as it was issued.")
            }
        })
    }
}

/// The credential of `Authorization: Bearer`. More than one such header is ambiguous, so it is refused.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Unclear> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Unclear::Several);
    }
    let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let value = value.to_str().map_err(|_| Unclear::Unreadable(header::AUTHORIZATION))?;
    Ok(Some(value.split_once(' ').map_or("", |(_, credential)| credential.trim())))
}
