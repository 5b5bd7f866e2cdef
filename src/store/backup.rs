//! Copies a SQLite database while it is in use. Nothing is decrypted, so no master key is needed, and nothing is
//! migrated, so that a newer binary can back up an older database.

use std::{path::Path, str::FromStr};

use sqlx::{AnyConnection, Connection, any::AnyConnectOptions};

use super::{
    connector::{install_drivers, sqlite_address},
    row::Read,
    sqlite,
};
use crate::{Error, Result};

/// What a copy contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    pub orgs: i64,
    pub apps: i64,
    pub keys: i64,
    pub people: i64,
    pub events: i64,
}

/// Writes a consistent snapshot of the database to `to`, which has to be missing or empty.
pub async fn copy_sqlite(from: &Path, to: &Path) -> Result<()> {
    let to = to.to_str().ok_or_else(|| Error::Unavailable("the name of the copy is not UTF-8".to_owned()))?;
    let mut connection = connect(from, "?mode=rw").await?;
    let version =
        sqlx::query("SELECT sqlite_version() AS version").fetch_one(&mut connection).await?.text("version")?;
    if sqlite::can_corrupt_wal(&version) {
        return Err(Error::Unavailable(format!("SQLite {version} can corrupt a database in WAL mode")));
    }
    sqlx::query("PRAGMA busy_timeout = 10000").execute(&mut connection).await?;
    sqlx::query("VACUUM INTO $1").bind(to.to_owned()).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Checks a whole copy: returns its damages and its contents. Creates no file next to it.
pub async fn inspect_copy(copy: &Path) -> Result<(Vec<String>, Holdings)> {
    let mut connection = connect(copy, "?mode=ro&immutable=true").await?;
    let damages = sqlite::damages(&mut connection).await?;
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM orgs) AS orgs, (SELECT COUNT(*) FROM apps) AS apps, \
         (SELECT COUNT(*) FROM keys) AS keys, (SELECT COUNT(*) FROM users) AS people, \
         (SELECT COUNT(*) FROM events) AS events",
    )
    .fetch_one(&mut connection)
    .await?;
    let holdings = Holdings {
        orgs: row.int("orgs")?,
        apps: row.int("apps")?,
        keys: row.int("keys")?,
        people: row.int("people")?,
        events: row.int("events")?,
    };
    connection.close().await?;
    Ok((damages, holdings))
}

pub(super) async fn connect(path: &Path, how: &str) -> Result<AnyConnection> {
    install_drivers();
    let options = AnyConnectOptions::from_str(&(sqlite_address(path) + how))?;
    Ok(AnyConnection::connect_with(&options).await?)
}
