//! Limits what an actor may give to a key: never more than a key that they could issue.

use std::sync::Arc;

use super::tx::Tx;
use crate::{
    Error, Result,
    audit::Actor,
    key::{Holder, Key, KeySettings, NewKey},
    member::Permission,
    place::PlaceRef,
};

impl Tx {
    /// A key that manages its organization has the power of an administrator, and may outlive its creator's
    /// membership.
    pub(super) async fn needs_to_issue(&mut self, holder: &Holder, new: &NewKey) -> Result<()> {
        let scopes = new.scopes.iter().map(String::as_str);
        if !self.profile().manages(holder.owner(), new.environment.mode, scopes) {
            return Ok(());
        }
        if matches!(self.actor(), Actor::Key { .. }) {
            let message = "A key can't make one that manages the organization; a person or a root token can.";
            return Err(Error::field("scopes", message));
        }
        self.needs_to_manage(holder.into()).await
    }

    async fn needs_to_manage(&mut self, place: PlaceRef<'_>) -> Result<()> {
        match self.needs(place, Permission::ManageOrg).await {
            Err(Error::Forbidden(_)) => {
                let message = "Keys with this scope manage the organization; ask an admin of it for one.";
                Err(Error::field("scopes", message))
            }
            other => other,
        }
    }

    /// Fails if a key tries to change itself.
    pub(super) fn needs_another_key(&self, key: &Key) -> Result<()> {
        match self.actor() {
            Actor::Key { id, .. } if *id == key.id => {
                Err(Error::Forbidden("A key can't change itself; a person or a root token can."))
            }
            _ => Ok(()),
        }
    }

    /// Fails if the change gives the key more than the actor could issue. Only the person can issue a personal key.
    pub(super) async fn needs_to_widen(&mut self, key: &Key, before: &KeySettings, after: &KeySettings) -> Result<()> {
        let profile = Arc::clone(self.profile());
        let widens = after.widen(before, &profile);
        if widens && let Some(owner) = &key.owner_id {
            match self.actor() {
                Actor::User { id, .. } if id == owner => {}
                _ => {
                    return Err(Error::Forbidden(
                        "Only the person who owns a personal key can give it more than it has.",
                    ));
                }
            }
        }
        let resumes = before.paused && !after.paused;
        let manages = profile.manages(key.owner, key.mode, after.scopes.iter().map(String::as_str));
        if !manages || !(widens || resumes) {
            return Ok(());
        }
        if matches!(self.actor(), Actor::Key { .. }) {
            let message = "A key can't give more to one that manages the organization, nor resume it; a person or a root token can.";
            return Err(Error::Forbidden(message));
        }
        self.needs_to_manage(key.into()).await
    }
}
