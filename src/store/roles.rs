//! Gives people roles at a place, and changes them.

use serde_json::{Value, json};

use super::{Store, detached, grants::PlaceKey, lifecycle::table, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::{OrgId, UserId},
    mail::Mail,
    member::{Permission, Role, RoleGiven, Roles},
    place::{PlaceKind, PlaceRef},
    user::User,
};

/// For a person who may not grant roles there.
const MANAGES_NO_MEMBERS: &str = "Your role here does not allow this. Ask an owner or an admin.";

/// For a person who may grant other roles there.
const MORE_THAN_OWN: &str =
    "Only people whose role allows as much can give this role or take it. Ask an owner or an admin.";

impl Store {
    /// Gives a person a role at a place, instead of those that they were given there. Nobody gives more than they have,
    /// and the last owner keeps their role.
    pub async fn add_member<'a>(
        &self,
        act: &Act,
        place: impl Into<PlaceRef<'a>>,
        user: &User,
        role: Role,
    ) -> Result<RoleGiven> {
        self.give_role(act, place.into().into(), user, role, true).await
    }

    /// The same for a person who was given a role there before; `NotFound` for others.
    pub async fn change_role<'a>(
        &self,
        act: &Act,
        place: impl Into<PlaceRef<'a>>,
        user: &User,
        role: Role,
    ) -> Result<RoleGiven> {
        self.give_role(act, place.into().into(), user, role, false).await
    }

    async fn give_role(&self, act: &Act, place: PlaceKey, user: &User, role: Role, adds: bool) -> Result<RoleGiven> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(place.org_id.as_str()).await?;
            let (had, since) = tx.granted_at(&place, &user.id).await?;
            tx.needs_to_grant(&place, had.with(role)).await?;
            if had == Roles::from(role) {
                tx.unchanged().await?;
                return Ok(RoleGiven::Unchanged);
            }
            if had.is_empty() && !adds {
                return Err(Error::NotFound);
            }
            tx.gives(&place, &user, had, role, since).await?;
            tx.commit().await?;
            Ok(if had.is_empty() { RoleGiven::Added } else { RoleGiven::Changed })
        })
        .await
    }

    /// Makes another member an owner of the organization, and the acting owner an admin, both or neither.
    pub async fn hand_over(&self, act: &Act, org: &OrgId, to: &User) -> Result<()> {
        let (store, act, to) = (self.clone(), act.clone(), to.clone());
        let place = PlaceKey::from(PlaceRef::from(org));
        detached(async move {
            let Actor::User { id, name, .. } = act.actor.clone() else {
                return Err(Error::Forbidden("Only an owner can hand over an organization."));
            };
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(place.org_id.as_str()).await?;
            let (own, own_since) = tx.granted_at(&place, &id).await?;
            tx.needs(&place, Permission::OwnOrg).await?;
            if to.id == id {
                return Err(Error::field("user", "You are an owner already. Choose another member."));
            }
            if tx.granted_within(&place, &to.id).await?.is_empty() {
                return Err(Error::NotFound);
            }
            tx.needs_to_sign_in(&to.id).await?;
            let (had, since) = tx.granted_at(&place, &to.id).await?;
            if had != Roles::from(Role::Owner) {
                tx.gives(&place, &to, had, Role::Owner, since).await?;
            }
            tx.give_again(&place, &id, &name, own, own_since).await?;
            tx.commit().await
        })
        .await
    }
}

impl Tx {
    /// Fails if the actor may not grant these roles at a place, or take them there. The chain has to be locked.
    pub(super) async fn needs_to_grant(&mut self, place: &PlaceKey, roles: Roles) -> Result<()> {
        let Some(subject) = self.actor().subject().map(str::to_owned) else {
            return self.needs(place, Permission::ManageMembers).await;
        };
        let own = self.roles_of(place.into(), &subject).await?;
        if own.is_empty() {
            return Err(Error::NotFound);
        }
        self.meets_sign_in_policy(&place.org_id).await?;
        if !own.may(Permission::ManageMembers) {
            return Err(Error::Forbidden(MANAGES_NO_MEMBERS));
        }
        self.needs_scope_for(Permission::ManageMembers)?;
        if roles.contains(Role::Owner) {
            self.needs_scope_for(Permission::OwnOrg)?;
        }
        match roles.iter().find(|role| !own.may_grant(*role)) {
            None => Ok(()),
            Some(Role::Owner) => Err(Error::Forbidden("Only owners decide who is an owner. Ask one of them.")),
            Some(_) => Err(Error::Forbidden(MORE_THAN_OWN)),
        }
    }

    /// Fails if an organization would be left without an owner who can sign in. The chain is locked, so that the last
    /// two owners can't remove each other.
    pub(super) async fn needs_another_owner(&mut self, org: &OrgId, user: &UserId) -> Result<()> {
        let others = sqlx::query(
            "SELECT 1 FROM grants g JOIN users u ON u.id = g.subject WHERE g.org_id = $1 AND g.place_id = $1 \
             AND g.subject <> $2 AND g.role = 'owner' AND u.disabled_at IS NULL LIMIT 1",
        )
        .bind(org.to_string())
        .bind(user.to_string());
        if others.fetch_optional(self.on()).await?.is_none() {
            return Err(Error::field("role", "This is the last owner. Make another member an owner first."));
        }
        Ok(())
    }

    /// Gives the role and records it.
    pub(super) async fn gives(
        &mut self,
        place: &PlaceKey,
        user: &User,
        had: Roles,
        role: Role,
        since: Option<Timestamp>,
    ) -> Result<()> {
        if had.contains(Role::Owner) && role != Role::Owner {
            self.needs_another_owner(&place.org_id, &user.id).await?;
        }
        let at = self.described(place).await?;
        self.grant(place, &user.id, role, since).await?;
        // Personal keys of a former member become valid again.
        self.touches_keys_of_person(&user.id).await?;
        let action = if had.is_empty() { Action::MemberAdded } else { Action::MemberRoleChanged };
        let mut details = json!({ "role": role.as_str() });
        if !had.is_empty() {
            details["from"] = json!(words(had));
        }
        if let Some(at) = at {
            details["at"] = at;
        }
        let target = Target::new("user", &user.id, &user.name);
        let event = NewEvent::of(&place.org_id, action, target).with(details);
        if had.is_empty() {
            self.record(event).await
        } else {
            self.record_and_mail(event, &user.id, Mail::RoleChanged).await
        }
    }

    /// The acting owner becomes an admin, after another became an owner.
    async fn give_again(
        &mut self,
        place: &PlaceKey,
        user: &UserId,
        name: &str,
        had: Roles,
        since: Option<Timestamp>,
    ) -> Result<()> {
        self.needs_another_owner(&place.org_id, user).await?;
        self.grant(place, user, Role::Admin, since).await?;
        self.touches_keys_of_person(user).await?;
        let details = json!({ "role": Role::Admin.as_str(), "from": words(had) });
        let target = Target::new("user", user, name);
        self.record(NewEvent::of(&place.org_id, Action::MemberRoleChanged, target).with(details)).await
    }

    async fn needs_to_sign_in(&mut self, user: &UserId) -> Result<()> {
        let row = sqlx::query("SELECT 1 FROM users WHERE id = $1 AND disabled_at IS NULL").bind(user.to_string());
        let found = row.fetch_optional(self.on()).await?;
        found.map(drop).ok_or_else(|| Error::field("user", "This person can’t sign in at present. Choose another."))
    }

    /// A tenant or project for the details of an event; fails if there is no such place in the organization.
    pub(super) async fn described(&mut self, place: &PlaceKey) -> Result<Option<Value>> {
        if place.kind == PlaceKind::Org {
            return Ok(None);
        }
        let sql = format!("SELECT name FROM {} WHERE id = $1 AND org_id = $2", table(place.kind));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.id.clone()).bind(place.org_id.to_string());
        let row = query.fetch_optional(self.on()).await?.ok_or(Error::NotFound)?;
        Ok(Some(json!({ "kind": place.kind.noun(), "id": place.id, "name": row.text("name")? })))
    }
}

/// "member developer".
pub(super) fn words(roles: Roles) -> String {
    roles.iter().map(Role::as_str).collect::<Vec<_>>().join(" ")
}
