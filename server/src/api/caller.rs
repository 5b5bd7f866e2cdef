//! The caller of the API: a root token, a personal token or a token of a service account in `Authorization: Bearer`.

use std::sync::Arc;

use axum::http::HeaderMap;
use sallyport::{
    audit::{Action, Actor, NewEvent, Target},
    personal_token::{self, PersonalToken},
    request::Client,
    root_token::PREFIX,
    service_account::{self, ServiceCaller},
    user::User,
    verifier::{CachedToken, Lookup},
};

use super::{
    credential::{Unclear, bearer},
    problem::Problem,
};
use crate::state::AppState;

/// The valid root token of a request.
pub async fn root_token(state: &AppState, client: &Client, headers: &HeaderMap) -> Result<Arc<CachedToken>, Problem> {
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
        return Err(refused("That is not a root token: root tokens begin with sp_root_."));
    }
    match state.verifier.token(presented, client.ip).await? {
        Lookup::Known(token) => Ok(token),
        Lookup::Unknown => {
            let target = Target::new("root_token", "", "Unknown, expired or revoked root token");
            let event = NewEvent::of_system(Action::TokenRefused, target).refused(401);
            state.context.pending_events.note(client.act(Actor::Anonymous), event);
            Err(refused("This root token is unknown, has expired or was revoked."))
        }
        Lookup::Throttled(wait) => {
            let detail = "Too many unknown root tokens came from this address. Wait as long as Retry-After says.";
            Err(Problem::too_many(detail, Some(wait)))
        }
    }
}

/// The person of a presented personal token, and the token.
pub async fn personal_token(
    state: &AppState,
    client: &Client,
    presented: &str,
) -> Result<(User, PersonalToken), Problem> {
    let store = &state.context.store;
    // It may have been revoked by a change that is not known.
    if store.quarantine().is_some() {
        return Err(Problem::unavailable());
    }
    let found = match personal_token::parse(presented) {
        Some(checked) => store.person_of_token(checked, &client.ip.to_string()).await?,
        None => None,
    };
    found.ok_or_else(|| {
        let target = Target::new("personal_token", "", "Unknown, expired or revoked personal token");
        let event = NewEvent::of_system(Action::PersonalTokenRefused, target).refused(401);
        state.context.pending_events.note(client.act(Actor::Anonymous), event);
        Problem::unauthorized("This personal token is unknown, has expired or was revoked.")
    })
}

/// The service account of a presented token.
pub async fn service_account(state: &AppState, client: &Client, presented: &str) -> Result<ServiceCaller, Problem> {
    let store = &state.context.store;
    // As for personal tokens.
    if store.quarantine().is_some() {
        return Err(Problem::unavailable());
    }
    let found = match service_account::parse(presented) {
        Some(checked) => store.service_caller(checked, &client.ip.to_string()).await?,
        None => None,
    };
    found.ok_or_else(|| {
        let target = Target::new("service_token", "", "Unknown, expired or revoked token, or its account is stopped");
        let event = NewEvent::of_system(Action::ServiceTokenRefused, target).refused(401);
        state.context.pending_events.note(client.act(Actor::Anonymous), event);
        Problem::unauthorized(
            "This token is unknown, has expired or was revoked, or its service account is disabled or its place archived.",
        )
    })
}

impl From<Unclear> for Problem {
    fn from(unclear: Unclear) -> Self {
        Self::bad_request(match unclear {
            Unclear::Several => "More than one API key was sent; send one.".to_owned(),
            Unclear::Unreadable(name) => {
                format!(
                    "The header {name} contains bytes that are not ASCII text; send the credential as it was issued."
                )
            }
        })
    }
}
