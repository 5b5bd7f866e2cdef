//! The schema version of a database, compared with this binary's. Only `serve` and `migrate` change it.

use sqlx::{Any, AnyConnection, AnyPool, Row, Transaction, migrate::Migrator};

use super::{Location, OpenError, Tools, folding, peppers::Peppers};
use crate::{Error, Result, audit};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// The lock that a running server holds on PostgreSQL.
pub(super) const SERVER_LOCK: i64 = 7_022_136_120;

/// PostgreSQL's code for a lock that was not free in time.
const NOT_FREE: &str = "55P03";

/// Fails if the schema of the database is not this binary's.
pub(super) async fn check(location: &Location, pool: &AnyPool) -> Result<(), OpenError> {
    let mut connection = pool.acquire().await.map_err(Error::from)?;
    let applied = applied(location, &mut connection).await?;
    refuse_newer(&applied)?;
    match MIGRATIONS.iter().find(|migration| !applied.contains(&migration.version)) {
        Some(missing) => Err(OpenError::OlderDatabase(missing.version)),
        None => Ok(()),
    }
}

/// Migrates a database and opens its peppers, all or nothing, while no server is running on it: on SQLite the caller
/// holds the lock file for that. A master key that does not match changes nothing.
pub(super) async fn bring_up_to_date(location: &Location, pool: &AnyPool, tools: &Tools) -> Result<Peppers, OpenError> {
    let mut tx = match location {
        Location::Sqlite(_) => pool.begin_with("BEGIN IMMEDIATE").await,
        Location::Postgres(_) => pool.begin().await,
    }
    .map_err(Error::from)?;
    if !is_up_to_date(&applied(location, &mut tx).await?)? {
        hold_server_lock(location, &mut tx).await?;
    }
    // Another process may have migrated it while this one waited.
    let applied = applied(location, &mut tx).await?;
    if !is_up_to_date(&applied)? {
        if !applied.is_empty() {
            Peppers::load(&mut tx, tools).await?;
        }
        // Not `run`: its `Acquire` of a transaction is not `Send`.
        MIGRATIONS.run_direct(None, &mut *tx, false).await.map_err(OpenError::Migrate)?;
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
    tx.commit().await.map_err(Error::from)?;
    Ok(peppers)
}

fn is_up_to_date(applied: &[i64]) -> Result<bool, OpenError> {
    refuse_newer(applied)?;
    Ok(MIGRATIONS.iter().all(|migration| applied.contains(&migration.version)))
}

fn refuse_newer(applied: &[i64]) -> Result<(), OpenError> {
    match applied.iter().find(|version| !MIGRATIONS.version_exists(**version)) {
        Some(newer) => Err(OpenError::NewerDatabase(*newer)),
        None => Ok(()),
    }
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
