//! A filled database of an earlier version, to test migrations.

use sqlx::{AnyPool, AssertSqlSafe, migrate::Migrator};

use crate::{store::Location, vault::MasterKey};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// The last migration of commit faf414b.
pub const EARLIER: i64 = 5;

/// Its content: an `INSERT` for each table except `revision`.
pub const EARLIER_ROWS: &str = include_str!("earlier/faf414b.sql");

/// Decrypts its encrypted values.
pub fn earlier_master_key() -> MasterKey {
    MasterKey::parse("c2FsbHlwb3J0IHRlc3QgZml4dHVyZSBtYXN0ZXIga2U=").expect("32 bytes")
}

/// Fills an empty database as the binary of that commit left it.
pub async fn make_earlier(location: &Location) {
    sqlx::any::install_default_drivers();
    let (url, bytes) = match location {
        Location::Sqlite(path) => (format!("sqlite://{}?mode=rwc", path.display()), "x'"),
        Location::Postgres(url) => (url.clone(), r"'\x"),
    };
    let pool = AnyPool::connect(&url).await.expect("the database can be reached");
    if matches!(location, Location::Sqlite(_)) {
        sqlx::query("PRAGMA journal_mode = WAL").execute(&pool).await.expect("as a server sets it");
    }
    MIGRATIONS.run_to(EARLIER, &pool).await.expect("migrated");
    let rows = EARLIER_ROWS.replace("x'", bytes);
    for statement in rows.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&pool).await.expect("filled");
    }
    pool.close().await;
}
