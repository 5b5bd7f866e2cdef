//! Roles that the groups of an issuer give. Those that people gave are never touched, and the last owner stays.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    Store, detached,
    grants::PlaceKey,
    lifecycle::table,
    retried,
    row::Read,
    tx::{Note, Tx},
};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent, Target},
    id::OrgId,
    member::Role,
    place::{PlaceKind, PlaceRef},
    single_sign_on::PlaceRole,
    user::User,
};

/// A role that a person has at a place.
struct HeldRole {
    kind: PlaceKind,
    place: String,
    role: Role,
    /// Whether this issuer's groups gave it.
    is_synced: bool,
}

impl HeldRole {
    fn is(&self, wanted: &PlaceRole) -> bool {
        self.place == wanted.id && self.role == wanted.role
    }
}

impl Store {
    /// Gives a person the roles that an issuer's groups give, and takes those that they gave before and no longer do. A place
    /// that does not exist any more is left out, with a warning in the log.
    pub async fn sync_roles(&self, act: &Act, user: &User, provider: &str, wanted: &[PlaceRole]) -> Result<()> {
        let mut orgs: BTreeMap<String, Vec<PlaceRole>> = BTreeMap::new();
        let synced = sqlx::query("SELECT DISTINCT org_id FROM grants WHERE subject = $1 AND synced_by = $2");
        let synced = synced.bind(user.id.to_string()).bind(provider.to_owned()).fetch_all(self.read()).await?;
        for row in &synced {
            orgs.entry(row.text("org_id")?).or_default();
        }
        for one in wanted {
            match self.org_of(one).await? {
                Some(org) => orgs.entry(org).or_default().push(one.clone()),
                None => {
                    tracing::warn!(place = %one.id, "single sign-on: a group is mapped to a place that does not exist")
                }
            }
        }
        // One transaction for each: two chains are never locked at once.
        for (org, wanted) in orgs {
            let (store, act, user) = (self.clone(), act.clone(), user.clone());
            let (org, provider) = (OrgId::stored(org), provider.to_owned());
            detached(retried(move || {
                sync_in(store.clone(), act.clone(), user.clone(), org.clone(), provider.clone(), wanted.clone())
            }))
            .await?;
        }
        Ok(())
    }

    /// Takes the roles that the groups of these issuers gave a person whose identities were unlinked. One that fails is in the log.
    pub(super) async fn end_roles_of_groups(&self, act: &Act, user: &User, issuers: &[String]) {
        for issuer in issuers {
            if let Err(error) = self.sync_roles(act, user, issuer, &[]).await {
                tracing::error!(%error, user = %user.id, issuer, "roles of groups could not be taken");
            }
        }
    }

    async fn org_of(&self, place: &PlaceRole) -> Result<Option<String>> {
        let org = if place.kind == PlaceKind::Org { "id" } else { "org_id" };
        let sql = format!("SELECT {org} AS org FROM {} WHERE id = $1", table(place.kind));
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(place.id.clone()).fetch_optional(self.read()).await?;
        row.map(|row| row.text("org")).transpose()
    }
}

async fn sync_in(
    store: Store,
    act: Act,
    user: User,
    org: OrgId,
    provider: String,
    wanted: Vec<PlaceRole>,
) -> Result<()> {
    let mut tx = store.begin(&act).await?;
    let requests = tx.hold_requests_of(&user.id, &org).await?;
    tx.lock_chain(org.as_str()).await?;
    let held = tx.held_in(&org, &user, &provider).await?;
    let mut events = Vec::new();
    for one in wanted.iter().filter(|one| !held.iter().any(|held| held.is(one))) {
        let place = PlaceKey { kind: one.kind, id: one.id.clone(), org_id: org.clone() };
        tx.insert_synced(&place, &user, one.role, &provider).await?;
        let had_some = held.iter().any(|held| held.place == one.id);
        let action = if had_some { Action::MemberRoleChanged } else { Action::MemberAdded };
        events.push(tx.synced_event(action, &place, &user, one.role, &provider).await?);
    }
    for one in held.iter().filter(|held| held.is_synced && !wanted.iter().any(|wanted| held.is(wanted))) {
        if one.role == Role::Owner {
            match tx.needs_another_owner(&org, &user.id).await {
                Err(Error::Invalid(_)) => {
                    tracing::warn!(%org, user = %user.id, "single sign-on: the last owner keeps the role");
                    continue;
                }
                other => other?,
            }
        }
        let place = PlaceKey { kind: one.kind, id: one.place.clone(), org_id: org.clone() };
        tx.delete_synced(&place, &user, one.role, &provider).await?;
        events.push(tx.synced_event(Action::MemberRemoved, &place, &user, one.role, &provider).await?);
    }
    if events.is_empty() {
        return Ok(());
    }
    if tx.granted_within(&PlaceKey::from(PlaceRef::from(&org)), &user.id).await?.is_empty() {
        tx.delete_views_of(&user.id, &org).await?;
        events.extend(tx.withdraw_held(requests, &user.id, &org).await?);
    }
    tx.touches_keys_of_person(&user.id).await?;
    tx.notes(Note::Roles(user.id.clone(), org.clone()));
    tx.record_all(org.as_str(), events.into_iter().map(|event| (act.clone(), event)).collect()).await?;
    tx.commit().await
}

impl Tx {
    async fn held_in(&mut self, org: &OrgId, user: &User, provider: &str) -> Result<Vec<HeldRole>> {
        let rows = sqlx::query(
            "SELECT place_kind, place_id, role, synced_by FROM grants WHERE org_id = $1 AND subject = $2 \
             ORDER BY place_id, role",
        );
        let rows = rows.bind(org.to_string()).bind(user.id.to_string()).fetch_all(self.on()).await?;
        let held = rows.iter().map(|row| {
            Ok(HeldRole {
                kind: row.word("place_kind", PlaceKind::parse)?,
                place: row.text("place_id")?,
                role: row.word("role", Role::parse)?,
                is_synced: row.text_opt("synced_by")?.as_deref() == Some(provider),
            })
        });
        held.collect()
    }

    async fn insert_synced(&mut self, place: &PlaceKey, user: &User, role: Role, provider: &str) -> Result<()> {
        let now = self.now().micros();
        sqlx::query(
            "INSERT INTO grants (org_id, subject, place_kind, place_id, role, granted_at, synced_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(place.org_id.to_string())
        .bind(user.id.to_string())
        .bind(place.kind.noun())
        .bind(place.id.clone())
        .bind(role.as_str())
        .bind(now)
        .bind(provider.to_owned())
        .execute(self.on())
        .await?;
        Ok(())
    }

    async fn delete_synced(&mut self, place: &PlaceKey, user: &User, role: Role, provider: &str) -> Result<()> {
        sqlx::query(
            "DELETE FROM grants WHERE org_id = $1 AND subject = $2 AND place_id = $3 AND role = $4 AND synced_by = $5",
        )
        .bind(place.org_id.to_string())
        .bind(user.id.to_string())
        .bind(place.id.clone())
        .bind(role.as_str())
        .bind(provider.to_owned())
        .execute(self.on())
        .await?;
        Ok(())
    }

    async fn synced_event(
        &mut self,
        action: Action,
        place: &PlaceKey,
        user: &User,
        role: Role,
        provider: &str,
    ) -> Result<NewEvent> {
        let mut details = json!({ "role": role.as_str(), "provider": provider });
        if let Some(at) = self.described(place).await? {
            details["at"] = at;
        }
        let target = Target::new("user", &user.id, &user.name);
        Ok(NewEvent::of(&place.org_id, action, target).with(details))
    }
}
