//! Acts on API keys, except those that return a secret.

use leptos::prelude::*;
use sallyport::{
    id::KeyId,
    key::{EditedKey, Key, Restrictions, Status, restrictions::RestrictionsInput},
    text,
};

use super::{ActError, Caller};
use crate::{access::KeyAccess, seen::unchanged, words};

/// The key, if the person may change it.
pub(super) async fn to_change(caller: &Caller, key: &KeyId) -> Result<KeyAccess, ActError> {
    let access: KeyAccess = caller.access(key).await?;
    access.needs_change()?;
    Ok(access)
}

/// Pauses a key. Returns the message to show.
#[server(prefix = "/act", endpoint = "keys/pause")]
pub async fn pause_key(key: KeyId) -> Result<String, ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    caller.store().pause_key(&access.act(), &access.key).await?;
    Ok(turned(&caller, &access.key, true))
}

/// Resumes a paused key. Returns the message to show.
#[server(prefix = "/act", endpoint = "keys/resume")]
pub async fn resume_key(key: KeyId) -> Result<String, ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    caller.store().resume_key(&access.act(), &access.key).await?;
    Ok(turned(&caller, &access.key, false))
}

fn turned(caller: &Caller, key: &Key, paused: bool) -> String {
    let expired = key.expires_at.is_some_and(|at| at <= caller.store().now());
    let status = Status::first_of(key.revoked.is_some(), expired, key.suspended, paused);
    words::turned(paused, status).unwrap_or_default().to_owned()
}

/// Whether the key was ever used, for a page that waits for its first request.
#[server(prefix = "/act", endpoint = "keys/used")]
pub async fn is_key_used(key: KeyId) -> Result<bool, ActError> {
    let access: KeyAccess = Caller::current().access(&key).await?;
    Ok(access.key.last_used_at.is_some())
}

/// Changes its label and notes. `seen` identifies the values that the form showed.
#[server(prefix = "/act", endpoint = "keys/edit")]
pub async fn edit_key(
    key: KeyId,
    #[server(default)] label: String,
    #[server(default)] metadata: String,
    #[server(default)] seen: String,
) -> Result<(), ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    let (is, was) = (&access.key, access.key.metadata.pretty());
    unchanged(&seen, &[("label", &label, &is.label), ("metadata", &metadata, &was)])?;
    let new = EditedKey::check(&label, &metadata)?;
    Ok(caller.store().edit_key(&access.act(), &access.key, new).await?)
}

/// Sets its requirement of signatures, its addresses and its own limits.
#[server(prefix = "/act", endpoint = "keys/restrict")]
pub async fn restrict_key(
    key: KeyId,
    #[server(default)] require_signed: bool,
    #[server(default)] addresses: String,
    #[server(default)] address_mode: String,
    #[server(default)] limit_per_minute: String,
    #[server(default)] limit_per_day: String,
) -> Result<(), ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    let input = RestrictionsInput {
        require_signed,
        addresses: &addresses,
        address_mode: &address_mode,
        limit_per_minute: &limit_per_minute,
        limit_per_day: &limit_per_day,
    };
    let new = Restrictions::check(&input, access.key.has_signing_secret)?;
    Ok(caller.store().restrict_key(&access.act(), &access.key, new).await?)
}

/// Revokes a key.
#[server(prefix = "/act", endpoint = "keys/revoke")]
pub async fn revoke_key(key: KeyId, #[server(default)] reason: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    let reason = text::optional_line("reason", &reason, 200)?;
    Ok(caller.store().revoke_key(&access.act(), &access.key, reason).await?)
}
