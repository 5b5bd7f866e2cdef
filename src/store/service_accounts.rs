//! Service accounts: made, changed, disabled and removed. `service_tokens.rs` has their tokens.
//!
//! Whoever changes one has to be allowed to give and take its role. Each write locks the organization's chain, as writes of the
//! account itself do: what was taken away is gone when the write returns.

use serde_json::json;
use sqlx::{Any, Executor, any::AnyRow};

use super::{
    Store, detached,
    grants::PlaceKey,
    places::name_taken,
    row::Read,
    sight::{Sight, roles_with},
    tx::Tx,
};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, NewEvent, Target},
    fold::fold,
    id::{OrgId, ServiceAccountId, UserId},
    journal::Entry,
    member::{Permission, Role, Roles},
    place::{PlaceKind, PlaceRef},
    service_account::{AccountRole, MOST_ACCOUNTS, ServiceAccount, check_name, check_role},
};

/// The most people who are told of a token.
const MOST_TOLD: i64 = 20;

/// An account `c` with its role, the names of its place, and what is archived. `$1` is the time.
const SELECT: &str = "SELECT c.id, c.org_id, c.name, c.created_at, c.disabled_at, g.role, g.place_kind, g.place_id, \
    COALESCE(p.name, t.name, o.name) AS place_name, \
    CAST(CASE WHEN COALESCE(p.archived_at, t.archived_at, o.archived_at, o.suspended_at) IS NULL THEN 0 ELSE 1 END AS BIGINT) \
    AS stopped, \
    (SELECT COUNT(*) FROM service_tokens k WHERE k.account_id = c.id AND k.revoked_at IS NULL AND k.expires_at > $1) AS tokens, \
    (SELECT MAX(k.last_used_at) FROM service_tokens k WHERE k.account_id = c.id) AS last_used_at \
    FROM service_accounts c JOIN orgs o ON o.id = c.org_id \
    LEFT JOIN grants g ON g.org_id = c.org_id AND g.subject = c.id LEFT JOIN projects p ON p.id = g.place_id \
    LEFT JOIN tenants t ON t.id = COALESCE(p.tenant_id, g.place_id)";

/// The ids of the place of such an account and of those above it.
const CHAIN: &str = "c.org_id, t.id, p.id";

fn account(row: &AnyRow) -> Result<ServiceAccount> {
    let role = match row.text_opt("place_id")? {
        None => None,
        Some(place_id) => Some(AccountRole {
            role: row.word("role", Role::parse)?,
            kind: row.word("place_kind", PlaceKind::parse)?,
            place_id,
            place_name: row.text("place_name")?,
            is_stopped: row.flag("stopped")?,
        }),
    };
    Ok(ServiceAccount {
        id: ServiceAccountId::stored(row.text("id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        name: row.text("name")?,
        created_at: row.time("created_at")?,
        disabled_at: row.time_opt("disabled_at")?,
        role,
        tokens: row.int("tokens")?,
        last_used_at: row.time_opt("last_used_at")?,
    })
}

pub(super) fn target(account: &ServiceAccount) -> Target {
    Target::new("service_account", &account.id, &account.name)
}

/// The place of its role; the organization once it has none.
pub(super) fn place_of(account: &ServiceAccount) -> PlaceKey {
    let org_id = account.org_id.clone();
    match &account.role {
        Some(role) => PlaceKey { kind: role.kind, id: role.place_id.clone(), org_id },
        None => PlaceKey { kind: PlaceKind::Org, id: org_id.to_string(), org_id },
    }
}

async fn gives_more(
    on: impl Executor<'_, Database = Any>,
    account: &ServiceAccount,
    role: Role,
    place: &PlaceKey,
) -> Result<bool> {
    let Some(had) = &account.role else { return Ok(true) };
    if Permission::ALL.iter().any(|permission| role.may(*permission) && !had.role.may(*permission)) {
        return Ok(true);
    }
    if had.place_id == place.id || had.kind == PlaceKind::Org {
        return Ok(false);
    }
    // What is below its tenant is no more.
    let below = sqlx::query("SELECT 1 FROM projects WHERE id = $1 AND tenant_id = $2");
    let below = below.bind(place.id.clone()).bind(had.place_id.clone()).fetch_optional(on).await?;
    Ok(below.is_none())
}

fn taken(error: sqlx::Error) -> Error {
    let (constraint, column) = ("service_accounts_name_unique", "service_accounts.name_folded");
    name_taken(error, constraint, column, "service account", "in this organization")
}

impl Store {
    /// Makes an account with a role at a place. It can do nothing before it has a token.
    pub async fn create_service_account<'a>(
        &self,
        act: &Act,
        place: impl Into<PlaceRef<'a>>,
        name: &str,
        role: Role,
    ) -> Result<ServiceAccount> {
        let (name, place) = (check_name(name)?, PlaceKey::from(place.into()));
        let role = check_role(role, place.kind)?;
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let id = ServiceAccountId::mint(store.entropy());
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(place.org_id.as_str()).await?;
            tx.needs_to_give_account(&place, role.into()).await?;
            tx.needs_in_use(place.kind, &place.id).await?;
            let at = tx.described(&place).await?;
            tx.makes(id.as_str()).await?;
            tx.needs_room_for_account(&place.org_id).await?;
            sqlx::query(
                "INSERT INTO service_accounts (id, org_id, name, name_folded, created_at) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(id.to_string())
            .bind(place.org_id.to_string())
            .bind(name.clone())
            .bind(fold(&name))
            .bind(store.now().micros())
            .execute(tx.on())
            .await
            .map_err(taken)?;
            tx.grant_to(&place, id.as_str(), role, None).await?;
            let mut details = json!({ "role": role.as_str() });
            if let Some(at) = at {
                details["at"] = at;
            }
            let target = Target::new("service_account", &id, &name);
            tx.record(NewEvent::of(&place.org_id, Action::ServiceAccountCreated, target).with(details)).await?;
            tx.commit().await?;
            store.service_account(&id).await?.ok_or(Error::NotFound)
        })
        .await
    }

    /// Whether this role at a place allows what the account may not do now.
    pub async fn gives_account_more<'a>(
        &self,
        account: &ServiceAccount,
        role: Role,
        place: impl Into<PlaceRef<'a>>,
    ) -> Result<bool> {
        gives_more(self.read(), account, role, &PlaceKey::from(place.into())).await
    }

    /// Gives an account another name, or another role and place. If it may do more then, its tokens end.
    pub async fn change_service_account<'a>(
        &self,
        act: &Act,
        id: &ServiceAccountId,
        name: &str,
        role: Option<(Role, PlaceRef<'a>)>,
    ) -> Result<ServiceAccount> {
        let name = check_name(name)?;
        let role = role.map(|(role, place)| Ok::<_, Error>((check_role(role, place.kind)?, PlaceKey::from(place))));
        let (role, store, act, id) = (role.transpose()?, self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let before = tx.held_account(&id).await?;
            let mut details = json!({});
            if before.name != name {
                details["name_before"] = before.name.clone().into();
                sqlx::query("UPDATE service_accounts SET name = $2, name_folded = $3 WHERE id = $1")
                    .bind(id.to_string())
                    .bind(name.clone())
                    .bind(fold(&name))
                    .execute(tx.on())
                    .await
                    .map_err(taken)?;
            }
            let had = before.role.as_ref().map(|had| (had.role, had.place_id.as_str()));
            if let Some((role, place)) = role.filter(|(role, place)| had != Some((*role, place.id.as_str()))) {
                if place.org_id != before.org_id {
                    return Err(Error::NotFound);
                }
                tx.needs_to_give_account(&place, role.into()).await?;
                tx.needs_in_use(place.kind, &place.id).await?;
                let at = tx.described(&place).await?;
                details["role"] = role.as_str().into();
                details["from"] = before.role.as_ref().map(|had| had.role.as_str()).into();
                if let Some(at) = at {
                    details["at"] = at;
                }
                // Whoever has one was trusted with what the account could do when it was made.
                if gives_more(tx.on(), &before, role, &place).await? {
                    let revoked = tx.end_tokens_of_account(&before).await?;
                    if revoked > 0 {
                        details["tokens_revoked"] = revoked.into();
                    }
                }
                tx.end_roles_of_account(&before).await?;
                tx.grant_to(&place, id.as_str(), role, None).await?;
                let roles = vec![(place.kind.noun().to_owned(), place.id, role.as_str().to_owned())];
                let (person, org) = (id.to_string(), before.org_id.to_string());
                tx.notes(Entry::Roles { person, org, roles, synced: Vec::new() });
            }
            if details.as_object().is_some_and(serde_json::Map::is_empty) {
                tx.unchanged().await?;
                return Ok(before);
            }
            let target = Target::new("service_account", &id, &name);
            tx.record(NewEvent::of(&before.org_id, Action::ServiceAccountChanged, target).with(details)).await?;
            tx.commit().await?;
            store.service_account(&id).await?.ok_or(Error::NotFound)
        })
        .await
    }

    /// Disables an account, whose tokens are refused at once, or enables it.
    pub async fn disable_service_account(&self, act: &Act, id: &ServiceAccountId, disabled: bool) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let before = tx.held_account(&id).await?;
            if before.disabled_at.is_some() == disabled {
                return tx.unchanged().await.map(drop);
            }
            let at = disabled.then(|| store.now().micros());
            let query = sqlx::query("UPDATE service_accounts SET disabled_at = $2 WHERE id = $1");
            query.bind(id.to_string()).bind(at).execute(tx.on()).await?;
            tx.notes(Entry::ServiceAccount { id: id.to_string(), disabled: at });
            let action = if disabled { Action::ServiceAccountDisabled } else { Action::ServiceAccountEnabled };
            tx.record(NewEvent::of(&before.org_id, action, target(&before))).await?;
            tx.commit().await
        })
        .await
    }

    /// Removes an account with its tokens. What it made stays.
    pub async fn remove_service_account(&self, act: &Act, id: &ServiceAccountId) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let before = tx.held_account(&id).await?;
            tx.end_roles_of_account(&before).await?;
            for sql in [
                "DELETE FROM idempotency WHERE caller_id IN (SELECT t.id FROM service_tokens t WHERE t.account_id = $1)",
                "DELETE FROM service_accounts WHERE id = $1",
            ] {
                sqlx::query(sql).bind(id.to_string()).execute(tx.on()).await?;
            }
            tx.notes(Entry::ServiceAccountRemoved { id: id.to_string() });
            tx.record(NewEvent::of(&before.org_id, Action::ServiceAccountRemoved, target(&before))).await?;
            tx.commit().await
        })
        .await
    }

    /// The accounts whose role is at a place in this part of an organization, by name.
    pub async fn service_accounts(&self, org: &OrgId, sight: &Sight) -> Result<Vec<ServiceAccount>> {
        let seen = sight.at("c.org_id", CHAIN, "$3");
        let sql = format!("{SELECT} WHERE c.org_id = $2 AND {seen} ORDER BY c.name_folded, c.id");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(self.now().micros()).bind(org.to_string());
        let rows = query.bind(sight.bound()).fetch_all(self.read()).await?;
        rows.iter().map(account).collect()
    }

    pub async fn service_account(&self, id: &ServiceAccountId) -> Result<Option<ServiceAccount>> {
        let query = select_one(self.now().micros(), id);
        query.fetch_optional(self.read()).await?.as_ref().map(account).transpose()
    }
}

fn select_one(now: i64, id: &ServiceAccountId) -> sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments> {
    let sql = format!("{SELECT} WHERE c.id = $2");
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now).bind(id.to_string())
}

impl Tx {
    /// An account whose role the actor may take and give. Its chain is locked.
    pub(super) async fn held_account(&mut self, id: &ServiceAccountId) -> Result<ServiceAccount> {
        let query = sqlx::query("SELECT org_id FROM service_accounts WHERE id = $1").bind(id.to_string());
        let org = query.fetch_optional(self.on()).await?.ok_or(Error::NotFound)?.text("org_id")?;
        self.lock_chain(&org).await?;
        let query = select_one(self.now().micros(), id);
        let found = account(&query.fetch_optional(self.on()).await?.ok_or(Error::NotFound)?)?;
        let roles = found.role.as_ref().map(|role| Roles::from(role.role)).unwrap_or_default();
        self.needs_to_give_account(&place_of(&found), roles).await?;
        Ok(found)
    }

    /// Fails if the actor may not give these roles to a service account at a place: nobody gives more than they have, and no
    /// account makes another.
    async fn needs_to_give_account(&mut self, place: &PlaceKey, roles: Roles) -> Result<()> {
        match self.actor() {
            // Not even that there are any.
            Actor::ServiceAccount { .. } => Err(Error::NotFound),
            Actor::Key { .. } => {
                Err(Error::Forbidden("A key does not manage service accounts; a person or a root token can."))
            }
            _ => self.needs_to_grant(place, roles).await,
        }
    }

    async fn needs_room_for_account(&mut self, org: &OrgId) -> Result<()> {
        let query = sqlx::query("SELECT COUNT(*) AS n FROM service_accounts WHERE org_id = $1").bind(org.to_string());
        if query.fetch_one(self.on()).await?.int("n")? >= MOST_ACCOUNTS {
            let message = format!("An organization has at most {MOST_ACCOUNTS} service accounts. Remove one first.");
            return Err(Error::Conflict { code: "too_many_service_accounts", message });
        }
        Ok(())
    }

    async fn end_roles_of_account(&mut self, account: &ServiceAccount) -> Result<()> {
        let query = sqlx::query("DELETE FROM grants WHERE org_id = $1 AND subject = $2");
        query.bind(account.org_id.to_string()).bind(account.id.to_string()).execute(self.on()).await?;
        Ok(())
    }

    /// Returns how many.
    async fn end_tokens_of_account(&mut self, account: &ServiceAccount) -> Result<usize> {
        let ended = sqlx::query(
            "UPDATE service_tokens SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2 \
             RETURNING id",
        );
        let now = self.now().micros();
        let ended = ended.bind(account.id.to_string()).bind(now).fetch_all(self.on()).await?;
        for row in &ended {
            self.notes(Entry::ServiceTokenRevoked { id: row.text("id")? });
        }
        Ok(ended.len())
    }

    /// The people who are told of what concerns an account: those who manage members where it has its role, the nearest first.
    pub(super) async fn people_of_account(&mut self, account: &ServiceAccount) -> Result<Vec<UserId>> {
        let roles = roles_with(Permission::ManageMembers);
        let sql = format!(
            "SELECT m.subject FROM service_accounts c LEFT JOIN grants g ON g.org_id = c.org_id AND g.subject = c.id \
             LEFT JOIN projects p ON p.id = g.place_id LEFT JOIN tenants t ON t.id = COALESCE(p.tenant_id, g.place_id) \
             JOIN grants m ON m.org_id = c.org_id AND m.place_id IN ({CHAIN}) AND m.role IN ({roles}) \
             JOIN users u ON u.id = m.subject AND u.disabled_at IS NULL WHERE c.id = $1 GROUP BY m.subject \
             ORDER BY MIN(CASE m.place_kind WHEN 'project' THEN 0 WHEN 'tenant' THEN 1 ELSE 2 END), m.subject LIMIT {MOST_TOLD}"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(account.id.to_string());
        let rows = query.fetch_all(self.on()).await?;
        rows.iter().map(|row| row.text("subject").map(UserId::stored)).collect()
    }
}
