//! The row of this node, by which it renews its lease on PostgreSQL (docs/nodes.md). On SQLite there is one server.

use std::{sync::atomic::Ordering, time::Duration};

use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::{
    super::{Location, Store, node_rows::DATABASE_NOW, row::Read, schema},
    Link, ListedNode, State, step,
};
use crate::{Error, Result, Timestamp, id::NodeId, node::Renewal};

/// The history of the database, which a failover changes: the first part of the name of the current WAL file.
const TIMELINE: &str =
    "CAST(CAST('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS BIT(32)) AS BIGINT)";
const NO_TIMELINE: &str = "CAST(0 AS BIGINT)";

/// What a node acknowledges, which is nothing if the database does not reach so far: after a failover that lost changes, the
/// same numbers belong to other changes, which the node has not seen.
const ACKNOWLEDGED: &str =
    "(SELECT CASE WHEN CAST($2 AS BIGINT) <= r.n THEN CAST($2 AS BIGINT) ELSE 0 END FROM revision r WHERE r.id = 1)";

/// Up to which change all uses are written, told the same way.
const FLUSHED: &str =
    "(SELECT CASE WHEN CAST($3 AS BIGINT) <= r.n THEN CAST($3 AS BIGINT) ELSE 0 END FROM revision r WHERE r.id = 1)";

/// What a server says about itself.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub id: NodeId,
    pub version: &'static str,
    /// The machine and the port.
    pub address: String,
    /// In microseconds, by its own clock.
    pub started_at: i64,
}

impl Store {
    /// Makes this process one of the nodes on a PostgreSQL database: from now on `poll` renews its lease. On SQLite the
    /// lock file makes sure that it is alone.
    pub async fn join_nodes(&self, version: &'static str, address: String) -> Result<()> {
        self.describe_node(version, address);
        self.join(self.revision().await?).await
    }

    /// Says who this process is; it has no row yet, so nobody waits for it.
    pub fn describe_node(&self, version: &'static str, address: String) {
        self.0.feed.described.get_or_init(|| Described {
            id: NodeId::mint(self.entropy()),
            version,
            address,
            started_at: self.now().micros(),
        });
    }

    /// From now on revocations wait for this process, which has applied all changes up to a revision. Fails if the schema is
    /// one that it can't live with.
    pub async fn join(&self, applied: i64) -> Result<()> {
        let (Some(described), true) = (self.0.feed.described.get(), self.is_node()) else { return Ok(()) };
        let mut state = self.0.feed.state.lock().await;
        let mut link = state.link(&self.0.feed).await?;
        join(&mut link.connection, described, applied).await?;
        (state.link, state.has_joined) = (Some(link), true);
        tracing::info!(node = %described.id, "this server is a node of the database");
        Ok(())
    }

    /// This process, if it serves: up to which revision it applied all changes, and how long it may go on judging keys.
    pub fn own_node(&self, applied_revision: i64, lease: Duration) -> Option<ListedNode> {
        let described = self.0.feed.described.get()?;
        Some(ListedNode {
            id: described.id.clone(),
            version: described.version.to_owned(),
            address: described.address.clone(),
            started_at: Timestamp::from_micros(described.started_at),
            seen_at: self.now(),
            applied_revision,
            lease: Some(lease),
        })
    }

    /// The id of this process among the nodes, if it serves.
    pub(in crate::store) fn own_id(&self) -> Option<String> {
        self.0.feed.described.get().map(|described| described.id.to_string())
    }

    /// All uses that were noted before that change are written.
    pub(crate) fn flushed_up_to(&self, revision: i64) {
        self.0.feed.flushed.store(revision, Ordering::SeqCst);
    }

    /// Whether all other nodes have written the uses from before a change; `None` if one is cut off, so that nobody knows.
    pub(crate) async fn others_wrote(&self, revision: i64) -> Result<Option<bool>> {
        let own = self.0.feed.described.get().map(|described| described.id.to_string()).unwrap_or_default();
        let rows = sqlx::query("SELECT flushed_revision, is_open FROM nodes WHERE id <> $1").bind(own);
        let rows = super::step(rows.fetch_all(self.0.pools.nodes())).await?;
        let mut wrote = Some(true);
        for row in &rows {
            if !row.flag("is_open")? {
                return Ok(None);
            }
            wrote = wrote.map(|wrote| wrote && row.int("flushed_revision").is_ok_and(|flushed| flushed >= revision));
        }
        Ok(wrote)
    }

    /// Whether this process judges keys under a lease, because there may be other nodes.
    pub fn is_node(&self) -> bool {
        matches!(self.0.location, Location::Postgres(_)) && self.0.feed.described.get().is_some()
    }
}

impl State {
    /// Renews the lease, after joining if that is needed: another node closed this one, because it did not renew in time.
    pub(super) async fn renew(
        &mut self,
        link: &mut Link,
        described: &Described,
        (acknowledged, flushed): (i64, i64),
        now: &(dyn Fn() -> Duration + Send + Sync),
    ) -> Result<Renewal> {
        for _ in 0..2 {
            if !self.has_joined {
                join(&mut link.connection, described, acknowledged).await?;
                self.has_joined = true;
            }
            let sent_at = now();
            if let Some((head, timeline)) = step(renew(link, &described.id, acknowledged, flushed)).await? {
                return Ok(Renewal { sent_at, acknowledged, head, timeline });
            }
            self.has_joined = false;
        }
        Err(Error::Unavailable("this node was closed by others while it joined".to_owned()))
    }
}

/// Removes the row of a server that judges no more keys, so that nobody waits for it.
pub(super) async fn leave(connection: &mut AnyConnection, id: &NodeId) {
    let left = sqlx::query("DELETE FROM nodes WHERE id = $1").bind(id.to_string());
    let _ = step(left.execute(connection)).await;
}

/// Whether the database says which history it has.
pub(super) async fn has_timeline(connection: &mut AnyConnection) -> bool {
    let sql = format!("SELECT {TIMELINE} AS timeline");
    step(sqlx::query(AssertSqlSafe(sql)).fetch_one(connection)).await.is_ok()
}

/// Refused if the schema was changed to one that this binary can't live with. Renewals are counted from the time: if a row was
/// removed and is there again, no number of before comes back, by which somebody may still want to close it.
async fn join(connection: &mut AnyConnection, described: &Described, applied: i64) -> Result<()> {
    let sql = format!(
        "INSERT INTO nodes (id, started_at, seen_at, applied_revision, renewals, is_open, version, schema_version, address) \
         SELECT $1, $3, {DATABASE_NOW}, {ACKNOWLEDGED}, {DATABASE_NOW}, 1, $4, CAST($5 AS BIGINT), $6 FROM oldest_schema \
         WHERE version <= CAST($5 AS BIGINT) \
         ON CONFLICT (id) DO UPDATE SET is_open = 1, renewals = nodes.renewals + 1, seen_at = excluded.seen_at, \
         applied_revision = excluded.applied_revision"
    );
    let joined = sqlx::query(AssertSqlSafe(sql))
        .bind(described.id.to_string())
        .bind(applied)
        .bind(described.started_at)
        .bind(described.version)
        .bind(schema::newest())
        .bind(described.address.clone());
    if step(joined.execute(connection)).await?.rows_affected() == 0 {
        return Err(Error::Unavailable(
            "a newer Sallyport changed this database in a way that this version can't live with; start the newer one"
                .to_owned(),
        ));
    }
    Ok(())
}

/// The head revision and the timeline, read by the statement that renews; `None` if this node has to join first.
async fn renew(link: &mut Link, id: &NodeId, acknowledged: i64, flushed: i64) -> sqlx::Result<Option<(i64, i64)>> {
    let timeline = if link.has_timeline { TIMELINE } else { NO_TIMELINE };
    let sql = format!(
        "UPDATE nodes SET renewals = renewals + 1, seen_at = {DATABASE_NOW}, applied_revision = {ACKNOWLEDGED}, \
         flushed_revision = {FLUSHED} WHERE id = $1 AND is_open = 1 RETURNING (SELECT n FROM revision WHERE revision.id = 1) AS head, \
         {timeline} AS timeline"
    );
    let renewed = sqlx::query(AssertSqlSafe(sql)).bind(id.to_string()).bind(acknowledged).bind(flushed);
    let row = renewed.fetch_optional(&mut link.connection).await?;
    row.map(|row| Ok((row.try_get("head")?, row.try_get("timeline")?))).transpose()
}
