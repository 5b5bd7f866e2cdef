//! Acts on several selected keys: on all of them, or on none.

use leptos::prelude::*;
use sallyport::{audit::Act, id::KeyId, key::Key, text};

use super::{ActError, Caller, keys::to_change};
use crate::error::PageError;

/// The maximum number of keys; a page of a list shows fewer.
pub const MOST: usize = 100;

/// The act and the keys, if the person may change each of them.
async fn all_to_change(caller: &Caller, ids: &[KeyId]) -> Result<(Act, Vec<Key>), ActError> {
    if ids.len() > MOST {
        return Err(ActError::field("", format!("At most {MOST} keys at once.")));
    }
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.push(to_change(caller, id).await?);
    }
    // All in one organization, as in every list: the events belong to one chain.
    if found.iter().any(|access| access.key.org_id != found[0].key.org_id) {
        return Err(PageError::NotFound.into());
    }
    let act = found.first().ok_or_else(|| ActError::field("", "Select at least one key."))?.act();
    Ok((act, found.into_iter().map(|access| access.key).collect()))
}

/// Refuses the requests of these keys until they are resumed. Returns how many were active.
#[server(prefix = "/act", endpoint = "keys/pause-chosen")]
pub async fn pause_chosen_keys(keys: Vec<KeyId>) -> Result<u64, ActError> {
    let caller = Caller::current();
    let (act, keys) = all_to_change(&caller, &keys).await?;
    Ok(caller.store().pause_chosen(&act, &keys).await?)
}

/// Revokes these keys. Returns how many were not revoked before.
#[server(prefix = "/act", endpoint = "keys/revoke-chosen")]
pub async fn revoke_chosen_keys(keys: Vec<KeyId>, #[server(default)] reason: String) -> Result<u64, ActError> {
    let caller = Caller::current();
    let (act, keys) = all_to_change(&caller, &keys).await?;
    let reason = text::optional_line("reason", &reason, 200)?;
    Ok(caller.store().revoke_chosen(&act, &keys, reason).await?)
}
