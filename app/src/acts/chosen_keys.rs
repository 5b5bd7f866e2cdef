//! Acts on several selected keys: on all of them, or on none.

use std::time::Duration;

use leptos::{
    prelude::*,
    server_fn::serde::{Deserialize, Serialize},
};
use sallyport::{
    audit::Act,
    id::KeyId,
    key::{
        Key, KeyChange,
        seen::{Seen, Terms},
    },
    text,
    usage::Span,
};

use super::{ActError, Caller, keys::to_change, places::PlaceId};
use crate::error::PageError;

/// The maximum number of keys; a page of a list shows fewer.
pub const MOST: usize = 100;

/// Whether the key is in the list of keys of this app or organization.
pub fn is_listed(list: &PlaceId, key: &Key) -> bool {
    match list {
        PlaceId::Org(org) => key.org_id == *org,
        PlaceId::App(app) => key.app_id.as_ref() == Some(app),
        PlaceId::Tenant(_) | PlaceId::Project(_) => false,
    }
}

/// The act and the keys, if the person may change each of them. A key that is not in the list is not found: so all are in
/// one organization, and their events belong to one chain.
async fn all_to_change(caller: &Caller, list: &PlaceId, ids: &[KeyId]) -> Result<(Act, Vec<Key>), ActError> {
    if ids.len() > MOST {
        return Err(ActError::field("", format!("At most {MOST} keys at once.")));
    }
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let access = to_change(caller, id).await?;
        if !is_listed(list, &access.key) {
            return Err(PageError::NotFound.into());
        }
        found.push(access);
    }
    let act = found.first().ok_or_else(|| ActError::field("", "Select at least one key."))?.act();
    Ok((act, found.into_iter().map(|access| access.key).collect()))
}

/// Pauses these keys of a list until they are resumed. Returns how many were active.
#[server(prefix = "/act", endpoint = "keys/pause-chosen")]
pub async fn pause_chosen_keys(list: PlaceId, keys: Vec<KeyId>) -> Result<u64, ActError> {
    let caller = Caller::current();
    let (act, keys) = all_to_change(&caller, &list, &keys).await?;
    Ok(caller.store().pause_chosen(&act, &keys).await?)
}

/// Revokes these keys of a list. Returns how many were not revoked before.
#[server(prefix = "/act", endpoint = "keys/revoke-chosen")]
pub async fn revoke_chosen_keys(
    list: PlaceId,
    keys: Vec<KeyId>,
    #[server(default)] reason: String,
) -> Result<u64, ActError> {
    let caller = Caller::current();
    let (act, keys) = all_to_change(&caller, &list, &keys).await?;
    let reason = text::optional_line("reason", &reason, 200)?;
    Ok(caller.store().revoke_chosen(&act, &keys, reason).await?)
}

/// In how many days keys that are extended expire.
pub const EXTENSIONS: [(&str, u32, &str); 4] =
    [("30", 30, "30 days"), ("90", 90, "90 days"), ("180", 180, "180 days"), ("365", 365, "A year")];

/// A key that was not extended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "leptos::server_fn::serde")]
pub struct NotExtended {
    pub key: KeyId,
    pub label: String,
    pub why: String,
}

/// Lets these keys of a list expire later, so many days from now: each that this is allowed for, by the rules of the
/// organization too. Returns the others. Sent twice, it extends once.
#[server(prefix = "/act", endpoint = "keys/extend-chosen")]
pub async fn extend_chosen_keys(
    list: PlaceId,
    keys: Vec<KeyId>,
    #[server(default)] days: String,
) -> Result<Vec<NotExtended>, ActError> {
    let caller = Caller::current();
    let (act, keys) = all_to_change(&caller, &list, &keys).await?;
    // As where one key is changed: it gives them more.
    caller.fresh(&caller.signed_in().await?).await?;
    let chosen = EXTENSIONS.into_iter().find(|(value, ..)| *value == days);
    let (_, days, _) = chosen.ok_or_else(|| ActError::field("days", "Choose a time from the list."))?;
    let store = caller.store();
    // To the end of a day: sent twice, it is the same.
    let day = Span::Day.start(store.now() + Span::Day.duration() * days);
    let until = day + Span::Day.duration() - Duration::from_secs(1);
    let mut refused = Vec::new();
    for key in &keys {
        let extended = match key.expires_at {
            None => Err(ActError::field("", "It never expires.")),
            Some(at) if at == until => Ok(None),
            Some(at) if at > until => Err(ActError::field("", "It expires later already.")),
            Some(_) => {
                let change = KeyChange {
                    expires_at: Some(Some(until)),
                    seen: Some(Seen::Terms(Terms::from(key))),
                    ..KeyChange::default()
                };
                store.change_key(&act, key, change).await.map_err(ActError::from)
            }
        };
        let why = match extended {
            Ok(None) => continue,
            Ok(Some(_)) => "Another person has to approve that, and was asked.".to_owned(),
            Err(error) if error.is_refusal() => error.message(),
            // Nothing else would be done either: they are signed out, or the database does not answer.
            Err(error) => return Err(error),
        };
        refused.push(NotExtended { key: key.id.clone(), label: key.label.clone(), why });
    }
    Ok(refused)
}
