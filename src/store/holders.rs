//! The holders of keys: locked while a key is issued; verifiers are notified when a member joins or leaves.

use super::tx::Tx;
use crate::{
    Error, Result,
    audit::Actor,
    id::{OrgId, UserId},
    key::{Holder, Key},
    member::Permission,
    place::{Place, PlaceKind, PlaceRef},
    user::User,
};

/// Where a key is issued: in its app, else in the organization.
impl<'a> From<&'a Holder> for PlaceRef<'a> {
    fn from(holder: &'a Holder) -> Self {
        holder.app().map_or_else(|| holder.org_id().into(), PlaceRef::from)
    }
}

/// Where a key belongs: to its app, else to the organization.
impl<'a> From<&'a Key> for PlaceRef<'a> {
    fn from(key: &'a Key) -> Self {
        match &key.app_id {
            Some(app) => Self { kind: PlaceKind::App, id: app.as_str(), org_id: &key.org_id },
            None => (&key.org_id).into(),
        }
    }
}

impl Tx {
    /// Until this transaction ends, nobody can archive, disable or remove the new key's holder: such a write waits
    /// here, and then invalidates that key too.
    pub(super) async fn hold(&mut self, holder: &Holder) -> Result<()> {
        match holder {
            Holder::App(app) => self.hold_place(&Place::from(app)).await,
            Holder::Organization(org) => self.hold_org(&org.id).await,
            Holder::Member(org, user) => self.hold_member(&org.id, user).await,
        }
    }

    /// Locks the person before the organization and its chain: disabling a person locks the person, and a write that
    /// changes roles waits for the chain.
    async fn hold_member(&mut self, org: &OrgId, user: &User) -> Result<()> {
        match self.actor() {
            Actor::User { id, .. } if *id == user.id => {}
            _ => {
                return Err(Error::Forbidden("Personal keys can be generated only by the person who owns them."));
            }
        }
        let there = sqlx::query("UPDATE users SET name = name WHERE id = $1 AND disabled_at IS NULL RETURNING id")
            .bind(user.id.to_string())
            .fetch_optional(self.on())
            .await?;
        there.ok_or(Error::NotFound)?;
        self.hold_org(org).await?;
        self.lock_chain(org.as_str()).await
    }

    /// Fails if the actor's role does not allow this on the key.
    pub(super) async fn needs_on(&mut self, key: &Key) -> Result<()> {
        // A person changes their own personal keys without a role that manages keys, but not with any token.
        self.needs_scope_for(Permission::ManageKeys)?;
        let needed = match self.actor() {
            Actor::User { id, .. } => key.needs(id, self.profile()),
            _ => Permission::ManageKeys,
        };
        self.needs(key, needed).await
    }

    /// Notifies verifiers of every personal key of a user.
    pub(super) async fn touches_keys_of_person(&mut self, user: &UserId) -> Result<()> {
        self.touches_keys_where("owner_id = $1", &[user.as_str()]).await
    }
}
