//! Acts on API keys, except those that return a secret.

use leptos::prelude::*;
use sallyport::{
    id::KeyId,
    key::{EditedKey, Status},
    text,
};

use super::{ActError, Caller};
use crate::{access::KeyAccess, edit_conflict::check_unchanged, words};

/// The key, if the person may change it.
pub(super) async fn to_change(caller: &Caller, key: &KeyId) -> Result<KeyAccess, ActError> {
    let access: KeyAccess = caller.access(key).await?;
    access.needs_change()?;
    Ok(access)
}

/// The error for a form whose `seen` field this portal did not write.
pub(super) fn not_ours() -> ActError {
    ActError::field("", "This form is not valid any more. Check it, then send it again.")
}

/// Pauses a key. Returns the message to show.
#[server(prefix = "/act", endpoint = "keys/pause")]
pub async fn pause_key(key: KeyId) -> Result<String, ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    let status = caller.store().pause_key(&access.act(), &access.key).await?;
    Ok(turned(true, status))
}

/// Resumes a paused key. Returns the message to show.
#[server(prefix = "/act", endpoint = "keys/resume")]
pub async fn resume_key(key: KeyId) -> Result<String, ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    let status = caller.store().resume_key(&access.act(), &access.key).await?;
    Ok(turned(false, status))
}

fn turned(paused: bool, status: Status) -> String {
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
    check_unchanged(&seen, &[("label", &label, &is.label), ("metadata", &metadata, &was)])?;
    let new = EditedKey::check(&label, &metadata)?;
    Ok(caller.store().edit_key(&access.act(), &access.key, new).await?)
}

/// Revokes a key.
#[server(prefix = "/act", endpoint = "keys/revoke")]
pub async fn revoke_key(key: KeyId, #[server(default)] reason: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    let reason = text::optional_line("reason", &reason, 200)?;
    Ok(caller.store().revoke_key(&access.act(), &access.key, reason).await?)
}
