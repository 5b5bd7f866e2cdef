//! The schema version of a database, compared with this binary's. Only `serve` and `migrate` change it.

use std::time::Duration;

use sqlx::{Any, AnyConnection, AnyPool, Executor, Row, Transaction, migrate::Migrator};

use super::{Location, OpenError, Tools, folding, master_keys, node_rows, peppers::Peppers, row::Read};
use crate::{
    Error, Result, audit,
    clock::since_boot,
    node::{Lapsed, TERMS},
};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How a migration begins that servers of the version before can live with: they go on while it runs, and afterwards.
const ROLLING: &str = "-- Older servers go on with this.";

/// The newest migration that this binary knows.
pub(super) fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The lock of migrations on PostgreSQL. Servers of versions before there were several nodes hold it, too.
pub(super) const SERVER_LOCK: i64 = 7_022_136_120;

/// Few rows, written several times a second: each page has room for the next versions of its rows, and old ones are removed
/// before they fill more pages.
const OFTEN_WRITTEN: &str = "ALTER TABLE nodes SET (fillfactor = 25, autovacuum_vacuum_scale_factor = 0, \
    autovacuum_vacuum_threshold = 500); ALTER TABLE revision SET (fillfactor = 25, autovacuum_vacuum_scale_factor = 0, \
    autovacuum_vacuum_threshold = 500)";

/// PostgreSQL's code for a lock that was not free in time.
const NOT_FREE: &str = "55P03";

/// Fails if the schema of the database is not this binary's.
pub(super) async fn check(location: &Location, pool: &AnyPool) -> Result<(), OpenError> {
    let mut connection = pool.acquire().await.map_err(Error::from)?;
    let applied = applied(location, &mut connection).await?;
    refuse_newer(&mut connection, &applied).await?;
    match MIGRATIONS.iter().find(|migration| !applied.contains(&migration.version)) {
        Some(missing) => Err(OpenError::OlderDatabase(missing.version)),
        None => Ok(()),
    }
}

/// Migrates a database and opens its peppers, all or nothing, while no server is running on it: on SQLite the caller
/// holds the lock file for that. A master key that does not match changes nothing.
pub(super) async fn migrate_schema(location: &Location, pool: &AnyPool, tools: &Tools) -> Result<Peppers, OpenError> {
    if let Location::Postgres(_) = location {
        let mut connection = pool.acquire().await.map_err(Error::from)?;
        let applied = applied(location, &mut connection).await?;
        if applied.contains(&NODES) && oldest_server(&applied) > 0 {
            close_killed_servers(&mut connection).await?;
        }
    }
    let mut tx = match location {
        Location::Sqlite(_) => pool.begin_with("BEGIN IMMEDIATE").await,
        Location::Postgres(_) => pool.begin().await,
    }
    .map_err(Error::from)?;
    let before = applied(location, &mut tx).await?;
    if !is_up_to_date(&mut tx, &before).await? {
        hold_server_lock(location, &mut tx).await?;
    }
    // Another process may have migrated it while this one waited.
    let applied = applied(location, &mut tx).await?;
    if !is_up_to_date(&mut tx, &applied).await? {
        let oldest = oldest_server(&applied);
        if !applied.is_empty() {
            Peppers::check(&mut tx, tools).await?;
            outwait_single_server(location, &mut tx, &applied).await?;
            refuse_older_servers(location, &mut tx, &applied, oldest).await?;
        }
        // Not `run`: its `Acquire` of a transaction is not `Send`.
        MIGRATIONS.run_direct(None, &mut *tx, false).await.map_err(OpenError::Migrate)?;
        let raised = sqlx::query("UPDATE oldest_schema SET version = $1 WHERE id = 1 AND version < $1");
        raised.bind(oldest).execute(&mut *tx).await.map_err(Error::from)?;
        if let Location::Postgres(_) = location {
            tx.execute(OFTEN_WRITTEN).await.map_err(Error::from)?;
        }
    }
    folding::fold_names(&mut tx).await?;
    // A bound value instead of a migration: the two databases write an empty BYTEA differently.
    sqlx::query("INSERT INTO chains (name, seq, hash) VALUES ($1, 0, $2) ON CONFLICT (name) DO NOTHING")
        .bind(audit::SYSTEM)
        .bind(Vec::<u8>::new())
        .execute(&mut *tx)
        .await
        .map_err(Error::from)?;
    let peppers = Peppers::load_or_make(&mut tx, tools).await?;
    master_keys::load_or_make(&mut tx, tools).await?;
    tx.commit().await.map_err(Error::from)?;
    Ok(peppers)
}

/// Makes all tables in an empty database.
pub(super) async fn create(tx: &mut AnyConnection) -> Result<(), OpenError> {
    MIGRATIONS.run_direct(None, tx, false).await.map_err(OpenError::Migrate)
}

/// The newest of the missing migrations that older servers can't live with; 0 if they can with all.
fn oldest_server(applied: &[i64]) -> i64 {
    let missing = MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version));
    let breaking = missing.filter(|migration| !migration.sql.as_str().starts_with(ROLLING));
    breaking.map(|migration| migration.version).max().unwrap_or(0)
}

/// Servers that were killed left their rows open. One that is not seen to renew for long enough is closed.
async fn close_killed_servers(connection: &mut AnyConnection) -> Result<()> {
    let mut lapsed = Lapsed::default();
    for pause in [Duration::ZERO, TERMS.wait()] {
        tokio::time::sleep(pause).await;
        let rows = sqlx::query("SELECT id, applied_revision, renewals, is_open FROM nodes")
            .fetch_all(&mut *connection)
            .await?;
        let rows: Vec<_> = rows.iter().map(node_rows::node_row).collect::<Result<_>>()?;
        if !rows.iter().any(|row| row.is_open) {
            break;
        }
        for (id, renewals) in lapsed.seen(&rows, since_boot(), TERMS) {
            sqlx::query(node_rows::CLOSE).bind(id.to_string()).bind(renewals).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// A server from before there were several was alone, and its row says whether it ended in order. If not, but its lock is free,
/// it may have lost the connection that held the lock, and goes on judging keys until its lease ends.
async fn outwait_single_server(location: &Location, tx: &mut AnyConnection, applied: &[i64]) -> Result<()> {
    if matches!(location, Location::Sqlite(_)) || !applied.contains(&SINGLE_SERVER) || applied.contains(&NODES) {
        return Ok(());
    }
    let held = sqlx::query("SELECT 1 FROM server_lease WHERE holder IS NOT NULL");
    if held.fetch_optional(&mut *tx).await?.is_some() {
        tokio::time::sleep(SINGLE_LEASE).await;
    }
    Ok(())
}

/// Fails while a server that does not know one of these migrations may hold a lease. Until the end of the transaction none
/// can renew or join, and then it can't join any more.
async fn refuse_older_servers(
    location: &Location,
    tx: &mut AnyConnection,
    applied: &[i64],
    oldest: i64,
) -> Result<(), OpenError> {
    if matches!(location, Location::Sqlite(_)) || oldest == 0 || !applied.contains(&NODES) {
        return Ok(());
    }
    sqlx::query("LOCK TABLE nodes IN EXCLUSIVE MODE").execute(&mut *tx).await.map_err(Error::from)?;
    let older =
        sqlx::query("SELECT id, version, address FROM nodes WHERE is_open = 1 AND schema_version < $1 ORDER BY id");
    let older = older.bind(oldest).fetch_all(&mut *tx).await.map_err(Error::from)?;
    let Some(node) = older.first() else { return Ok(()) };
    let (version, address) = (node.text("version")?, node.text("address")?);
    Err(Error::Unavailable(format!(
        "Sallyport {version} at {address} serves this database and can't live with migration {oldest}; end every older server \
         first"
    ))
    .into())
}

async fn is_up_to_date(connection: &mut AnyConnection, applied: &[i64]) -> Result<bool, OpenError> {
    refuse_newer(connection, applied).await?;
    Ok(MIGRATIONS.iter().all(|migration| applied.contains(&migration.version)))
}

/// Servers have rows since this migration.
const NODES: i64 = 140;

/// The one server on PostgreSQL had a row since this migration.
const SINGLE_SERVER: i64 = 12;

/// How long it judged keys after it lost its database, with an allowance for requests in progress.
const SINGLE_LEASE: Duration = Duration::from_millis(3_250);

/// Fails if this binary does not know a migration and can't live with it.
async fn refuse_newer(connection: &mut AnyConnection, applied: &[i64]) -> Result<(), OpenError> {
    let Some(newer) = applied.iter().find(|version| !MIGRATIONS.version_exists(**version)) else { return Ok(()) };
    // Without this migration there are no nodes, and nothing is said about older servers.
    if applied.contains(&NODES) {
        let row = sqlx::query("SELECT version FROM oldest_schema").fetch_one(connection).await.map_err(Error::from)?;
        if row.int("version")? <= newest() {
            return Ok(());
        }
    }
    Err(OpenError::NewerDatabase(*newer))
}

/// The migrations that were applied to a database.
async fn applied(location: &Location, connection: &mut AnyConnection) -> Result<Vec<i64>> {
    let there = match location {
        Location::Sqlite(_) => "SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations'",
        Location::Postgres(_) => "SELECT 1 WHERE to_regclass('_sqlx_migrations') IS NOT NULL",
    };
    if sqlx::query(there).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query("SELECT version FROM _sqlx_migrations ORDER BY version").fetch_all(connection).await?;
    rows.iter().map(|row| Ok(row.try_get("version")?)).collect()
}

/// Held until the end of the transaction. Waits for a process that migrates, but not for one that serves.
async fn hold_server_lock(location: &Location, tx: &mut Transaction<'static, Any>) -> Result<()> {
    if matches!(location, Location::Sqlite(_)) {
        return Ok(());
    }
    sqlx::query("SET LOCAL lock_timeout = '5s'").execute(&mut **tx).await?;
    let lock = format!("SELECT 1 FROM (SELECT pg_advisory_xact_lock({SERVER_LOCK})) AS held");
    sqlx::query(sqlx::AssertSqlSafe(lock)).execute(&mut **tx).await.map_err(|error| {
        match error.as_database_error().and_then(|error| error.code()) {
            Some(code) if code == NOT_FREE => Error::Unavailable(
                "another sallyport serves this database, and it has to be migrated; end it first".to_owned(),
            ),
            _ => error.into(),
        }
    })?;
    sqlx::query("SET LOCAL lock_timeout = 0").execute(&mut **tx).await?;
    Ok(())
}
