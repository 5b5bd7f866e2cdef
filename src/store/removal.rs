//! Ends a person's roles and, if requested, revokes the keys that the person created.

use serde_json::json;

use super::{Store, WRITE_OF_MANY, detached, detached_within, grants::PlaceKey, retried, row::Read, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::{AppId, KeyId, OrgId, UserId},
    member::{Permission, Role},
    place::{Place, PlaceKind, PlaceRef},
    user::User,
};

impl Store {
    /// Ends the roles of a member at a place and below it; `NotFound` if they were given none there. The last owner can't
    /// be removed. When this returns, every verifier of this process refuses their personal keys if they have no role in
    /// the organization any more. Other keys that they created keep working: they belong to the organization or its apps.
    pub async fn remove_member<'a>(&self, act: &Act, place: impl Into<PlaceRef<'a>>, user: &User) -> Result<()> {
        self.end_roles(act, place.into().into(), user, false).await
    }

    /// The acting person gives up their own roles at a place and below it; `NotFound` if they were given none there.
    pub async fn leave<'a>(&self, act: &Act, place: impl Into<PlaceRef<'a>>, me: &User) -> Result<()> {
        self.end_roles(act, place.into().into(), me, true).await
    }

    async fn end_roles(&self, act: &Act, place: PlaceKey, user: &User, leaves: bool) -> Result<()> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let why = if leaves { Why::Leaves } else { Why::Removed(None) };
            let ended = tx.end_membership(&act, &place, &user, why).await;
            let (tx, ()) = tx.unless_taken_away(ended).await?;
            tx.commit().await
        })
        .await
    }

    /// Removes a member from an organization, and revokes every key that they created there, both or neither; returns
    /// how many keys.
    pub async fn remove_member_and_keys(&self, act: &Act, org: &OrgId, user: &User) -> Result<usize> {
        let (store, act, org, user) = (self.clone(), act.clone(), org.clone(), user.clone());
        let remove = move || remove_with_keys(store.clone(), act.clone(), org.clone(), user.clone());
        detached_within(WRITE_OF_MANY, retried(remove)).await
    }
}

async fn remove_with_keys(store: Store, act: Act, org: OrgId, user: User) -> Result<usize> {
    let mut tx = store.begin_many(&act).await?;
    tx.needs(&org, Permission::ManageMembers).await?;
    // Keys are locked before the chain and the members, as everywhere.
    let revoked = tx.revoke_keys_made_by(&org, &user).await?;
    let count = revoked.len();
    let place = PlaceKey::from(PlaceRef::from(&org));
    let ended = tx.end_membership(&act, &place, &user, Why::Removed(Some(revoked))).await;
    let (tx, ()) = tx.unless_taken_away(ended).await?;
    tx.commit().await?;
    Ok(count)
}

/// Why roles end.
enum Why {
    /// With the events of the keys that are revoked with it, if any are.
    Removed(Option<Vec<NewEvent>>),
    Leaves,
}

impl Tx {
    async fn end_membership(&mut self, act: &Act, place: &PlaceKey, user: &User, why: Why) -> Result<()> {
        let requests = self.hold_requests_of(&user.id, &place.org_id).await?;
        self.lock_chain(place.org_id.as_str()).await?;
        let had = self.granted_within(place, &user.id).await?;
        let (action, revoked) = match why {
            Why::Removed(revoked) => {
                self.needs_to_grant(place, had).await?;
                (Action::MemberRemoved, revoked)
            }
            Why::Leaves => match self.actor() {
                Actor::User { id, .. } if *id == user.id => (Action::MemberLeft, None),
                _ => return Err(Error::Forbidden("Only the person can leave; others can remove them.")),
            },
        };
        let first = had.first().ok_or(Error::NotFound)?;
        if had.contains(Role::Owner) {
            self.needs_another_owner(&place.org_id, &user.id).await?;
        }
        let at = self.described(place).await?;
        self.end_grants(place, &user.id).await?;
        let uninvited = self.end_invitations_to(place, &user.email).await?;
        let org = PlaceKey::from(PlaceRef::from(&place.org_id));
        let mut withdrawn = Vec::new();
        if self.granted_within(&org, &user.id).await?.is_empty() {
            self.delete_views_of(&user.id, &place.org_id).await?;
            withdrawn = self.withdraw_held(requests, &user.id, &place.org_id).await?;
        }
        self.touches_keys_of_person(&user.id).await?;
        let mut details = json!({ "role": first.as_str() });
        if let Some(revoked) = &revoked {
            details["keys"] = json!(revoked.len());
        }
        if let Some(at) = at {
            details["at"] = at;
        }
        let ended = NewEvent::of(&place.org_id, action, Target::new("user", &user.id, &user.name));
        let events = revoked.into_iter().flatten().chain(uninvited).chain(withdrawn).chain([ended.with(details)]);
        self.record_others(place.org_id.as_str(), events.map(|event| (act.clone(), event)).collect()).await
    }

    /// Revokes them; their events are still to be recorded. No key can be issued there until this transaction ends,
    /// so none is missed.
    async fn revoke_keys_made_by(&mut self, org: &OrgId, user: &User) -> Result<Vec<NewEvent>> {
        self.hold_place(&everywhere_in(org)).await?;
        self.hold_keys_made_by(org, &user.id).await?;
        let (made, ids) = ("org_id = $1 AND created_by = $2", [org.as_str(), user.id.as_str()]);
        self.touches_keys_where(made, &ids).await?;
        self.end_secrets_within(&format!("{made} AND revoked_at IS NULL"), &ids).await?;
        let reason = format!("{} was removed from the organization", user.name);
        let rows = sqlx::query(
            "UPDATE keys SET revoked_at = $3, revoked_by = $4, revoke_reason = $5 \
             WHERE org_id = $1 AND created_by = $2 AND revoked_at IS NULL RETURNING id, label, app_id",
        )
        .bind(org.to_string())
        .bind(user.id.to_string())
        .bind(self.now().micros())
        .bind(self.actor().name().to_owned())
        .bind(reason.clone())
        .fetch_all(self.on())
        .await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let (id, app) = (KeyId::stored(row.text("id")?), row.text_opt("app_id")?.map(AppId::stored));
            self.notes_key(&id);
            let target = Target { app_id: app, ..Target::new("key", &id, row.text("label")?) };
            events.push(NewEvent::of(org, Action::KeyRevoked, target).with(json!({ "reason": reason })));
        }
        Ok(events)
    }

    /// Locked in the one order in which everything locks several keys. SQLite has one writer.
    async fn hold_keys_made_by(&mut self, org: &OrgId, user: &UserId) -> Result<()> {
        if self.is_on_postgres() {
            let held = "SELECT COUNT(*) FROM (SELECT 1 FROM keys WHERE org_id = $1 AND created_by = $2 \
                AND revoked_at IS NULL ORDER BY id COLLATE \"C\" FOR NO KEY UPDATE) AS held";
            sqlx::query(held).bind(org.to_string()).bind(user.to_string()).fetch_one(self.on()).await?;
        }
        Ok(())
    }
}

fn everywhere_in(org: &OrgId) -> Place {
    Place {
        kind: PlaceKind::Org,
        id: org.to_string(),
        org_id: org.clone(),
        name: String::new(),
        description: String::new(),
        archived_at: None,
        app_id: None,
    }
}
