//! Acts on hand-overs: credentials that are given to one person by a link.

use std::time::Duration;

use leptos::prelude::*;
use sallyport::{
    audit::Actor,
    handover::{Code, HOURS, Handover, Protection, SHORTEST},
    id::{HandoverId, KeyId},
    store::{NotOpened, Opened},
    user::Password,
};

use super::{ActError, Caller, InPage, keys::to_change, secrets::credentials_of};
use crate::error::PageError;

/// The longest passphrase, as of passwords.
const LONGEST: usize = Password::MOST;

/// Makes a link that opens the credentials in the one-time dialog once. Returns the code of the link, which is not stored.
#[server(prefix = "/act", endpoint = "keys/hand-over")]
pub async fn hand_over(
    key: KeyId,
    sealed: String,
    #[server(default)] hours: String,
    #[server(default)] only_for: String,
    #[server(default)] passphrase: String,
) -> Result<InPage<(Handover, Code)>, ActError> {
    let caller = Caller::current();
    let (access, (name, text)) = credentials_of(&caller, &key, &sealed).await?;
    let hours = if hours.is_empty() { Some(24) } else { hours.parse().ok() };
    let hours = hours.filter(|hours| HOURS.contains(hours));
    let hours = hours.ok_or_else(|| ActError::field("hours", "Choose a time from the list."))?;
    let passphrase = match passphrase.chars().count() {
        0 => None,
        SHORTEST..=LONGEST => Some(caller.context.passwords.hash(&Password::new(passphrase)).await?),
        _ => return Err(ActError::field("passphrase", format!("Use {SHORTEST} to {LONGEST} characters."))),
    };
    let valid = Duration::from_secs(hours * 60 * 60);
    let protection = Protection { valid, only_for: only_for.trim().to_owned(), passphrase };
    Ok(InPage(caller.store().create_handover(&access.act(), &access.key, (&name, &text), protection).await?))
}

/// Ends a link before it is opened.
#[server(prefix = "/act", endpoint = "keys/withdraw-handover")]
pub async fn withdraw_handover(key: KeyId, handover: HandoverId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    Ok(caller.store().withdraw_handover(&access.act(), &access.key, &handover).await?)
}

/// What was handed over.
pub enum Given {
    /// For a browser that has the code, and did not send it.
    Sealed(Opened),
    Text {
        name: String,
        text: String,
    },
}

/// Opens a hand-over, once: with its code, or with the token that a browser derived from it.
#[server(prefix = "/act", endpoint = "handovers/open")]
pub async fn open_handover(
    id: HandoverId,
    #[server(default)] code: String,
    #[server(default)] token: String,
    #[server(default)] passphrase: String,
) -> Result<InPage<Result<Given, NotOpened>>, ActError> {
    let caller = Caller::current();
    let (store, code) = (caller.store(), Code::parse(&code));
    let token = match &code {
        Some(code) => Some(code.token(&id)),
        None => sallyport::audit::export_line::from_hex(&token),
    };
    let Some(token) = token else { return Ok(InPage(Err(NotOpened::WrongCode))) };
    let me = caller.signed_in().await.ok();
    let act = me.as_ref().map_or_else(|| caller.client.act(Actor::Anonymous), |me| me.act());
    // Before anything is written: everybody can send a token.
    if !store.is_handover_token(&id, &token).await? {
        return Ok(InPage(Err(NotOpened::WrongCode)));
    }
    let me = me.as_ref().map(|me| &me.user.id);
    let is_right = match store.try_passphrase(&id, &token, me).await? {
        None => None,
        Some(hash) => {
            let judged = caller.context.passwords.is_passphrase(&Password::typed(passphrase), &hash).await;
            if judged.is_err() {
                store.return_try(&id).await?;
            }
            Some(judged?)
        }
    };
    let opened = match store.open_handover(&act, &id, &token, me, is_right).await {
        Ok(Ok(opened)) => opened,
        Ok(Err(why)) => return Ok(InPage(Err(why))),
        Err(error) => {
            // Such as a session that the organization does not let in.
            if is_right == Some(true) {
                store.return_try(&id).await?;
            }
            return Err(error.into());
        }
    };
    let Some(code) = code else { return Ok(InPage(Ok(Given::Sealed(opened)))) };
    let text = code.open(&id, &opened.sealed).ok_or(PageError::Broken)?;
    Ok(InPage(Ok(Given::Text { name: opened.name, text: text.to_string() })))
}
