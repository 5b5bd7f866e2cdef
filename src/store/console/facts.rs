//! What operators learn about the database.

use super::super::{Location, Store, row::Read};
use crate::{Result, Timestamp};

/// The database, its schema and its peppers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// `SQLite 3.50.1`, `PostgreSQL 17.2`.
    pub product: String,
    pub bytes: i64,
    /// The number of migrations that were applied, and the version of the last one.
    pub migrations: i64,
    pub last_migration: i64,
    /// The version of the current pepper, and how many there are.
    pub pepper: i64,
    pub peppers: i64,
    pub pepper_created_at: Timestamp,
    /// Identifies the master key without revealing anything of it.
    pub master_key: String,
}

impl Store {
    /// Reads them.
    pub async fn database_facts(&self) -> Result<DatabaseFacts> {
        let (name, about) = match self.location() {
            Location::Sqlite(_) => (
                "SQLite",
                "SELECT sqlite_version() AS version, page_count * page_size AS bytes \
                 FROM pragma_page_count() JOIN pragma_page_size()",
            ),
            Location::Postgres(_) => (
                "PostgreSQL",
                "SELECT CAST(current_setting('server_version') AS TEXT) AS version, \
                 CAST(pg_database_size(current_database()) AS BIGINT) AS bytes",
            ),
        };
        let database = sqlx::query(about).fetch_one(self.read()).await?;
        let schema = sqlx::query("SELECT COUNT(*) AS n, MAX(version) AS last FROM _sqlx_migrations");
        let schema = schema.fetch_one(self.read()).await?;
        let peppers = sqlx::query(
            "SELECT version, created_at, (SELECT COUNT(*) FROM peppers WHERE dropped_at IS NULL) AS n FROM peppers \
             WHERE active_at IS NOT NULL AND retired_at IS NULL ORDER BY version DESC LIMIT 1",
        );
        let peppers = peppers.fetch_one(self.read()).await?;
        let mark = self.vault().mark(&[b"fingerprint of the master key"]);
        Ok(DatabaseFacts {
            product: format!("{name} {}", database.text("version")?),
            bytes: database.int("bytes")?,
            migrations: schema.int("n")?,
            last_migration: schema.int("last")?,
            pepper: peppers.int("version")?,
            peppers: peppers.int("n")?,
            pepper_created_at: peppers.time("created_at")?,
            master_key: mark[..8].iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}
