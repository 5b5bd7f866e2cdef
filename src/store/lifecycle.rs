//! Editing, archiving, restoring and deleting of places.

use serde_json::json;

use super::{
    Store, WRITE_OF_MANY, detached, detached_within,
    places::name_taken,
    retried,
    row::{Read, digest},
    tx::Tx,
};
use crate::{
    Error, Result,
    audit::{Act, NewEvent},
    fold::fold,
    id::OrgId,
    journal::Entry,
    place::{Naming, Place, PlaceKind},
};

/// What a place contains: what is affected with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub apps: i64,
    /// Active keys: neither revoked nor expired.
    pub keys: i64,
    /// Those of them that were accepted in the last week.
    pub in_use: i64,
}

const WEEK_MICROS: i64 = 7 * 86_400 * 1_000_000;

pub(super) fn table(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Org => "orgs",
        PlaceKind::Tenant => "tenants",
        PlaceKind::Project => "projects",
        PlaceKind::App => "apps",
    }
}

/// The column with which apps refer to that kind of place.
fn of_apps(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Org => "org_id",
        PlaceKind::Tenant => "tenant_id",
        PlaceKind::Project => "project_id",
        PlaceKind::App => "id",
    }
}

/// The keys of a place, whose id is `$1`.
pub(super) fn keys_within(kind: PlaceKind) -> String {
    match kind {
        PlaceKind::Org => "org_id = $1".to_owned(),
        PlaceKind::App => "app_id = $1".to_owned(),
        between => format!("app_id IN (SELECT id FROM apps WHERE {} = $1)", of_apps(between)),
    }
}

/// Why keys are locked.
#[derive(Clone, Copy)]
pub(super) enum KeyLock {
    /// Those that are not revoked, to change them. The first uses of keys, written at the same time, do not wait for
    /// it.
    Change,
    /// All of them, with their counts.
    Delete,
}

impl Store {
    /// Changes the name and the description of a place.
    pub async fn edit_place(&self, act: &Act, place: &Place, new: Naming) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), place.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs(&place, place.kind.to_edit()).await?;
            let table = table(place.kind);
            let sql =
                format!("UPDATE {table} SET name = $1, description = $2, name_folded = $4 WHERE id = $3 RETURNING id");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(new.name.clone())
                .bind(new.description.clone())
                .bind(place.id.clone())
                .bind(fold(&new.name))
                .fetch_optional(tx.on())
                .await
                .map_err(|error| {
                    let (constraint, column) = (format!("{table}_name_unique"), format!("{table}.name"));
                    name_taken(error, &constraint, &column, place.kind.noun(), "here")
                })?
                .ok_or(Error::NotFound)?;
            let details = if new.name == place.name { json!({}) } else { json!({ "renamed_to": new.name }) };
            tx.record(NewEvent::of(&place.org_id, place.kind.edited(), place.target()).with(details)).await?;
            tx.commit().await
        })
        .await
    }

    /// Archives a place: every key below it is refused when this returns, and nothing is lost.
    pub async fn archive_place(&self, act: &Act, place: &Place) -> Result<()> {
        let now = self.now().micros();
        self.set_archived(act, place, Some(now)).await
    }

    /// Restores an archived place.
    pub async fn restore_place(&self, act: &Act, place: &Place) -> Result<()> {
        self.set_archived(act, place, None).await
    }

    async fn set_archived(&self, act: &Act, place: &Place, at: Option<i64>) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), place.clone());
        detached_within(WRITE_OF_MANY, retried(move || set_archived(store.clone(), act.clone(), place.clone(), at)))
            .await
    }

    /// Deletes a place with everything below it. Its events are kept.
    pub async fn delete_place(&self, act: &Act, place: &Place) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), place.clone());
        detached_within(WRITE_OF_MANY, retried(move || delete(store.clone(), act.clone(), place.clone()))).await
    }

    /// Counts what a place contains.
    pub async fn contents(&self, place: &Place) -> Result<Contents> {
        let sql = format!(
            "SELECT (SELECT COUNT(*) FROM apps WHERE {} = $1) AS apps, COUNT(*) AS keys, \
             COUNT(CASE WHEN last_at > $3 THEN 1 END) AS in_use FROM keys LEFT JOIN key_uses ON key_id = id \
             WHERE {} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
            of_apps(place.kind),
            keys_within(place.kind)
        );
        let now = self.now().micros();
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(place.id.clone())
            .bind(now)
            .bind(now - WEEK_MICROS)
            .fetch_one(self.read())
            .await?;
        Ok(Contents { apps: row.int("apps")?, keys: row.int("keys")?, in_use: row.int("in_use")? })
    }
}

async fn set_archived(store: Store, act: Act, place: Place, at: Option<i64>) -> Result<()> {
    let mut tx = store.begin_many(&act).await?;
    tx.needs(&place, place.kind.to_archive()).await?;
    // A key that is being issued there is either invalidated below, or its form is refused because the place is
    // archived.
    tx.hold_place(&place).await?;
    // The second of two identical requests changes nothing and records nothing.
    let unless = if at.is_some() { "archived_at IS NULL" } else { "archived_at IS NOT NULL" };
    let sql = format!("UPDATE {} SET archived_at = $1 WHERE id = $2 AND {unless} RETURNING id", table(place.kind));
    let changed = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(at).bind(place.id.clone());
    if changed.fetch_optional(tx.on()).await?.is_none() {
        if at.is_some() {
            tx.unchanged().await?;
        }
        return Ok(());
    }
    tx.touches_keys_of(&place).await?;
    tx.notes(Entry::Archived { place: place.kind.noun().to_owned(), id: place.id.clone(), at });
    let action = if at.is_some() { place.kind.archived() } else { place.kind.restored() };
    tx.record(NewEvent::of(&place.org_id, action, place.target())).await?;
    tx.commit().await
}

async fn delete(store: Store, act: Act, place: Place) -> Result<()> {
    let mut tx = store.begin_many(&act).await?;
    tx.needs(&place, place.kind.to_delete()).await?;
    if place.kind == PlaceKind::Org {
        tx.hold_tokens(&place.org_id).await?;
    }
    tx.hold_place(&place).await?;
    tx.lock_keys_of(&place, KeyLock::Delete).await?;
    tx.touches_keys_of(&place).await?;
    tx.notes(Entry::Deleted { place: place.kind.noun().to_owned(), id: place.id.clone() });
    if place.kind == PlaceKind::Org {
        // Its root tokens are deleted too.
        tx.touches_everything();
    }
    let keys = tx.delete_within(&place).await.map_err(|error| match error {
        // Something was added to it in the meantime.
        Error::NotFound => Error::Busy("Something was added to it just now. Look again, then try again."),
        other => other,
    })?;
    let event = NewEvent::of(&place.org_id, place.kind.deleted(), place.target());
    let event = event.with(json!({ "keys": keys }));
    if place.kind == PlaceKind::Org {
        // The organization's chain has no readers any more: operators read it in the system chain.
        tx.record(NewEvent { org_id: None, ..event.clone() }).await?;
    }
    tx.record(event).await?;
    tx.commit().await
}

impl Tx {
    /// Keeps keys from being issued there until this transaction ends: issuing locks the app, or the organization if
    /// the key belongs to no app.
    pub(super) async fn hold_place(&mut self, place: &Place) -> Result<()> {
        if place.kind == PlaceKind::Org {
            self.hold_org(&place.org_id).await?;
        }
        let apps = of_apps(place.kind);
        let sql = format!("SELECT 1 FROM apps WHERE {apps} = $1 ORDER BY id COLLATE \"C\" FOR NO KEY UPDATE");
        self.lock_rows(&sql, &place.id).await
    }

    pub(super) async fn hold_org(&mut self, org: &OrgId) -> Result<()> {
        let sql = "UPDATE orgs SET name = name WHERE id = $1";
        sqlx::query(sql).bind(org.to_string()).execute(self.on()).await?;
        Ok(())
    }

    /// Locked before anything else, in the same order as writes that use a token.
    async fn hold_tokens(&mut self, org: &OrgId) -> Result<()> {
        let sql = "UPDATE root_tokens SET name = name WHERE org_id = $1";
        sqlx::query(sql).bind(org.to_string()).execute(self.on()).await?;
        Ok(())
    }

    /// Notifies verifiers of every key there.
    pub(super) async fn touches_keys_of(&mut self, place: &Place) -> Result<()> {
        self.touches_keys_where(&keys_within(place.kind), &[&place.id]).await
    }

    /// Notifies verifiers of the secrets of these keys, with these ids as `$1`, `$2` …; by digest unless there are
    /// too many.
    pub(super) async fn touches_keys_where(&mut self, condition: &str, ids: &[&str]) -> Result<()> {
        const NAMED: usize = 1000;
        let sql = format!(
            "SELECT digest FROM key_secrets WHERE key_id IN (SELECT id FROM keys WHERE {condition} AND revoked_at IS NULL) \
             LIMIT {}",
            NAMED + 1
        );
        let query = ids.iter().fold(sqlx::query(sqlx::AssertSqlSafe(sql)), |query, id| query.bind((*id).to_owned()));
        let rows = query.fetch_all(self.on()).await?;
        if rows.len() > NAMED {
            self.touches_everything();
        }
        for row in &rows {
            self.touches(digest(&row.bytes("digest")?)?);
        }
        Ok(())
    }

    /// Locks the keys of a place, in the one order in which everything locks several keys.
    pub(super) async fn lock_keys_of(&mut self, place: &Place, lock: KeyLock) -> Result<()> {
        let condition = keys_within(place.kind);
        let steps = match lock {
            KeyLock::Change => vec![format!(
                "SELECT 1 FROM keys WHERE {condition} AND revoked_at IS NULL ORDER BY id COLLATE \"C\" FOR NO KEY UPDATE"
            )],
            // What is deleted with them, in the order in which it is written.
            KeyLock::Delete => vec![
                format!("SELECT 1 FROM keys WHERE {condition} ORDER BY id COLLATE \"C\" FOR UPDATE"),
                format!(
                    "SELECT 1 FROM key_uses WHERE key_id IN (SELECT id FROM keys WHERE {condition}) \
                     ORDER BY key_id COLLATE \"C\" FOR UPDATE"
                ),
                format!(
                    "SELECT 1 FROM key_days WHERE key_id IN (SELECT id FROM keys WHERE {condition}) \
                     ORDER BY key_id COLLATE \"C\", day, node FOR UPDATE"
                ),
            ],
        };
        for locked in steps {
            self.lock_rows(&locked, &place.id).await?;
        }
        Ok(())
    }

    /// Locks rows on PostgreSQL in the order of the query, with `id` as `$1`. Without it PostgreSQL would choose an
    /// order, and two transactions that wait for each other would deadlock. The order is by bytes, like Rust's `Ord`:
    /// a database's collation can be that of any language. SQLite has one writer.
    async fn lock_rows(&mut self, rows: &str, id: &str) -> Result<()> {
        if self.is_on_postgres() {
            let sql = format!("SELECT COUNT(*) FROM ({rows}) AS locked");
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_owned()).fetch_one(self.on()).await?;
        }
        Ok(())
    }

    /// Fails if that place, or a level above it, is archived: nothing can be created there.
    pub(super) async fn needs_in_use(&mut self, kind: PlaceKind, id: &str) -> Result<()> {
        let joined = match kind {
            PlaceKind::Org => "orgs o",
            PlaceKind::Tenant => "tenants t JOIN orgs o ON o.id = t.org_id",
            PlaceKind::Project => "projects p JOIN tenants t ON t.id = p.tenant_id JOIN orgs o ON o.id = p.org_id",
            PlaceKind::App => {
                "apps a JOIN projects p ON p.id = a.project_id JOIN tenants t ON t.id = a.tenant_id \
                 JOIN orgs o ON o.id = a.org_id"
            }
        };
        let levels: &[&str] = match kind {
            PlaceKind::Org => &["o"],
            PlaceKind::Tenant => &["t", "o"],
            PlaceKind::Project => &["p", "t", "o"],
            PlaceKind::App => &["a", "p", "t", "o"],
        };
        let archived: String = levels.iter().map(|level| format!("{level}.archived_at, ")).collect();
        let sql = format!("SELECT COALESCE({archived}NULL) AS archived_at FROM {joined} WHERE {}.id = $1", levels[0]);
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_owned()).fetch_optional(self.on()).await?;
        match row.ok_or(Error::NotFound)?.time_opt("archived_at")? {
            None => Ok(()),
            Some(_) => Err(Error::Forbidden("This is archived. Restore it in its settings first.")),
        }
    }

    /// Deletes from the keys upwards, in the order of the locks; returns how many keys were deleted.
    async fn delete_within(&mut self, place: &Place) -> Result<u64> {
        let apps = of_apps(place.kind);
        let mut steps = vec![format!("DELETE FROM apps WHERE {apps} = $1")];
        match place.kind {
            PlaceKind::App => {}
            PlaceKind::Project => steps.push("DELETE FROM projects WHERE id = $1".to_owned()),
            PlaceKind::Tenant => steps.push("DELETE FROM projects WHERE tenant_id = $1".to_owned()),
            PlaceKind::Org => steps.push("DELETE FROM projects WHERE org_id = $1".to_owned()),
        }
        match place.kind {
            PlaceKind::Tenant => steps.push("DELETE FROM tenants WHERE id = $1".to_owned()),
            PlaceKind::Org => {
                steps.extend(
                    [
                        "tenants",
                        "root_tokens",
                        "required_sign_ins",
                        "broken_glass",
                        "sign_in_domains",
                        "sign_in_policies",
                    ]
                    .map(|table| format!("DELETE FROM {table} WHERE org_id = $1")),
                );
            }
            PlaceKind::App | PlaceKind::Project => {}
        }
        if place.kind == PlaceKind::Org {
            steps.push("DELETE FROM orgs WHERE id = $1".to_owned());
        }
        if place.kind == PlaceKind::Org {
            let repeats = "DELETE FROM idempotency WHERE caller_id IN \
                (SELECT id FROM root_tokens WHERE org_id = $1 UNION ALL SELECT id FROM keys WHERE org_id = $1 \
                UNION ALL SELECT t.id FROM service_tokens t JOIN service_accounts c ON c.id = t.account_id WHERE c.org_id = $1)";
            self.delete(repeats, &place.id).await?;
        }
        let keys = self.delete(&format!("DELETE FROM keys WHERE {}", keys_within(place.kind)), &place.id).await?;
        // Locked after the keys and before the members, as in changes of roles.
        self.lock_chain(place.org_id.as_str()).await?;
        self.end_grants_within(place).await?;
        self.delete_invitations_within(place).await?;
        let mut last = 0;
        for step in &steps {
            last = self.delete(step, &place.id).await?;
        }
        // The place itself is deleted last; another request may have been faster.
        if last == 0 { Err(Error::Busy("It was deleted already.")) } else { Ok(keys) }
    }

    async fn delete(&mut self, sql: &str, id: &str) -> Result<u64> {
        let done = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).bind(id.to_owned()).execute(self.on()).await?;
        Ok(done.rows_affected())
    }
}
