//! What can be done to several keys that somebody chose in a list: to all of them or to none.

use leptos::prelude::*;
use sallyport::{audit::Act, id::KeyId, key::Key, text};

use super::{ActError, Caller, keys::to_change, places::PlaceId};
use crate::error::PageError;

/// As many as are taken at once; a list shows fewer on a page.
pub const MOST: usize = 100;

/// Whether a list of keys shows this one: that of its app, or that of its organization.
pub fn is_listed(list: &PlaceId, key: &Key) -> bool {
    match list {
        PlaceId::Org(org) => key.org_id == *org,
        PlaceId::App(app) => key.app_id.as_ref() == Some(app),
        PlaceId::Tenant(_) | PlaceId::Project(_) => false,
    }
}

/// Who acts, and the keys, where the person may change each of them. One of another list is as good as none: what is
/// recorded is one chain's.
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

/// Refuses the requests of these keys of a list until they are resumed. Answers how many were in use.
#[server(prefix = "/act", endpoint = "keys/pause-chosen")]
pub async fn pause_chosen_keys(list: PlaceId, keys: Vec<KeyId>) -> Result<u64, ActError> {
    let caller = Caller::current();
    let (act, keys) = all_to_change(&caller, &list, &keys).await?;
    Ok(caller.store().pause_chosen(&act, &keys).await?)
}

/// Refuses the requests of these keys of a list for good. Answers how many were not revoked before.
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
