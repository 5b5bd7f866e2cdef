//! What becomes of places after they were made: edited, archived, restored, deleted.

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
    member::Permission,
    place::{Naming, Place, PlaceKind},
};

/// What stands on a place: how much goes with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub apps: i64,
    /// Keys that requests may use today: neither revoked nor expired.
    pub keys: i64,
    /// Those of them that were good for a request in the last week.
    pub in_use: i64,
}

const WEEK_MICROS: i64 = 7 * 86_400 * 1_000_000;

fn table(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Org => "orgs",
        PlaceKind::Tenant => "tenants",
        PlaceKind::Project => "projects",
        PlaceKind::App => "apps",
    }
}

/// The column by which apps name that place.
fn of_apps(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Org => "org_id",
        PlaceKind::Tenant => "tenant_id",
        PlaceKind::Project => "project_id",
        PlaceKind::App => "id",
    }
}

/// The keys of a place, `$1` being its id.
pub(super) fn keys_within(kind: PlaceKind) -> String {
    match kind {
        PlaceKind::Org => "org_id = $1".to_owned(),
        PlaceKind::App => "app_id = $1".to_owned(),
        between => format!("app_id IN (SELECT id FROM apps WHERE {} = $1)", of_apps(between)),
    }
}

/// What keys are held for.
#[derive(Clone, Copy)]
pub(super) enum KeyLock {
    /// Those that are not revoked, to be changed. The first uses of keys that are written meanwhile do not wait for it.
    Change,
    /// All, with what was counted of them.
    Delete,
}

impl Store {
    /// Renames a place, and describes it anew.
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

    /// Puts a place out of use: every key within is refused when this answers, and nothing is lost.
    pub async fn archive_place(&self, act: &Act, place: &Place) -> Result<()> {
        let now = self.now().micros();
        self.set_archived(act, place, Some(now)).await
    }

    /// Takes an archived place back into use.
    pub async fn restore_place(&self, act: &Act, place: &Place) -> Result<()> {
        self.set_archived(act, place, None).await
    }

    async fn set_archived(&self, act: &Act, place: &Place, at: Option<i64>) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), place.clone());
        detached_within(WRITE_OF_MANY, retried(move || set_archived(store.clone(), act.clone(), place.clone(), at)))
            .await
    }

    /// Deletes a place with all that stands on it. Its events stay: they tell of what was.
    pub async fn delete_place(&self, act: &Act, place: &Place) -> Result<()> {
        let (store, act, place) = (self.clone(), act.clone(), place.clone());
        detached_within(WRITE_OF_MANY, retried(move || delete(store.clone(), act.clone(), place.clone()))).await
    }

    /// How much goes with a place.
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
    tx.needs(&place, Permission::EndPlaces).await?;
    // A key that is being issued there is either touched below, or its form hears that this is archived.
    tx.hold_place(&place).await?;
    // Twice is once: the second changes nothing, and tells of nothing.
    let unless = if at.is_some() { "archived_at IS NULL" } else { "archived_at IS NOT NULL" };
    let sql = format!("UPDATE {} SET archived_at = $1 WHERE id = $2 AND {unless} RETURNING id", table(place.kind));
    let changed = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(at).bind(place.id.clone());
    if changed.fetch_optional(tx.on()).await?.is_none() {
        return Ok(());
    }
    tx.touches_keys_of(&place).await?;
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
    if place.kind == PlaceKind::Org {
        // Its root tokens go too.
        tx.touches_everything();
    }
    let keys = tx.delete_within(&place).await.map_err(|error| match error {
        // Something was added to it meanwhile.
        Error::NotFound => Error::Busy("Something was added to it just now. Look again, then try again."),
        other => other,
    })?;
    let event = NewEvent::of(&place.org_id, place.kind.deleted(), place.target());
    let event = event.with(json!({ "keys": keys }));
    if place.kind == PlaceKind::Org {
        // Nobody belongs to that organization's chain any more: operators read of it in theirs.
        tx.record(NewEvent { org_id: None, ..event.clone() }).await?;
    }
    tx.record(event).await?;
    tx.commit().await
}

impl Tx {
    /// Keeps keys from being issued there until this ends: whoever issues one holds its app, or the organization where
    /// it is no app's.
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

    /// Before anything else, as whoever writes with one does.
    async fn hold_tokens(&mut self, org: &OrgId) -> Result<()> {
        let sql = "UPDATE root_tokens SET name = name WHERE org_id = $1";
        sqlx::query(sql).bind(org.to_string()).execute(self.on()).await?;
        Ok(())
    }

    /// Verifiers hear of every key there.
    pub(super) async fn touches_keys_of(&mut self, place: &Place) -> Result<()> {
        self.touches_keys_where(&keys_within(place.kind), &[&place.id]).await
    }

    /// Verifiers hear of each secret of these keys, `$1`, `$2` … being these ids; by name, unless they are too many.
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

    /// Holds the keys of a place, in the one order in which all that takes several keys takes them.
    pub(super) async fn lock_keys_of(&mut self, place: &Place, lock: KeyLock) -> Result<()> {
        let condition = keys_within(place.kind);
        let steps = match lock {
            KeyLock::Change => vec![format!(
                "SELECT 1 FROM keys WHERE {condition} AND revoked_at IS NULL ORDER BY id COLLATE \"C\" FOR NO KEY UPDATE"
            )],
            // What goes with them too, in the order in which it is written.
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

    /// Holds rows of PostgreSQL's in the order that the query names, `$1` being that id. Else it takes them in an order
    /// of its own, and ends this or another where each waits for a row of the other. The order is that of bytes, as
    /// Rust's `Ord` has it: a database's own collation may be any language's. SQLite has one writer.
    async fn lock_rows(&mut self, rows: &str, id: &str) -> Result<()> {
        if self.is_on_postgres() {
            let sql = format!("SELECT COUNT(*) FROM ({rows}) AS locked");
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_owned()).fetch_one(self.on()).await?;
        }
        Ok(())
    }

    /// Refuses where that place, or one above it, is archived: nothing new belongs there.
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

    /// From the keys up, in the order of the locks; how many keys went.
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
                steps.extend(["tenants", "root_tokens"].map(|table| format!("DELETE FROM {table} WHERE org_id = $1")));
            }
            PlaceKind::App | PlaceKind::Project => {}
        }
        if place.kind == PlaceKind::Org {
            steps.push("DELETE FROM orgs WHERE id = $1".to_owned());
        }
        if place.kind == PlaceKind::Org {
            let repeats = "DELETE FROM idempotency WHERE caller_id IN \
                (SELECT id FROM root_tokens WHERE org_id = $1 UNION ALL SELECT id FROM keys WHERE org_id = $1)";
            self.delete(repeats, &place.id).await?;
        }
        let keys = self.delete(&format!("DELETE FROM keys WHERE {}", keys_within(place.kind)), &place.id).await?;
        // After the keys and before the members, as whoever changes a role takes it.
        self.lock_chain(place.org_id.as_str()).await?;
        self.end_grants_within(place).await?;
        let mut last = 0;
        for step in &steps {
            last = self.delete(step, &place.id).await?;
        }
        // The place itself is the last to go; another may have been quicker.
        if last == 0 { Err(Error::Busy("It was deleted already.")) } else { Ok(keys) }
    }

    async fn delete(&mut self, sql: &str, id: &str) -> Result<u64> {
        let done = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).bind(id.to_owned()).execute(self.on()).await?;
        Ok(done.rows_affected())
    }
}
