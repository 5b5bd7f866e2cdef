//! Checks for SQLite: a safe version and an undamaged file.

use sqlx::{AnyConnection, Connection, Row};

use super::{Location, OpenError, connector::Connector};
use crate::Result;

/// From 3.7.0 to 3.51.2 a checkpoint that races with a writer can corrupt a database in WAL mode.
pub fn can_corrupt_wal(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    let version = (next(), next(), next());
    ((3, 7, 0)..=(3, 51, 2)).contains(&version)
}

/// Returns why the database can't be used, if it can't: the file is damaged, or this SQLite version could damage it.
pub(super) async fn reach(location: &Location) -> std::result::Result<(), OpenError> {
    let version = match version(location).await {
        Ok(version) => version,
        // Another process is opening it too: the pool will wait for it.
        Err(error) if result(&error) == Some(BUSY) => return Ok(()),
        Err(error) => {
            let said = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
            let is_damaged = matches!(result(&error), Some(CORRUPT | NOT_A_DATABASE));
            let advice = if is_damaged { ". The file is damaged; put back a backup." } else { "" };
            return Err(OpenError::Unreachable(location.clone(), said + advice));
        }
    };
    if can_corrupt_wal(&version) { Err(OpenError::UnsafeSqlite(version)) } else { Ok(()) }
}

async fn version(location: &Location) -> sqlx::Result<String> {
    let mut connection = Connector::writer(location)?.connect().await?;
    let version = sqlx::query("SELECT sqlite_version()").fetch_one(&mut connection).await?.try_get(0)?;
    connection.close().await?;
    Ok(version)
}

const BUSY: i32 = 5;
const CORRUPT: i32 = 11;
const NOT_A_DATABASE: i32 = 26;

/// SQLite's primary result code.
fn result(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

/// The damages that SQLite finds, foreign keys included; empty if there are none.
pub(super) async fn damages(connection: &mut AnyConnection) -> Result<Vec<String>> {
    let rows = sqlx::query("PRAGMA integrity_check").fetch_all(&mut *connection).await?;
    let mut damages = rows.iter().map(|row| row.try_get::<String, _>(0)).collect::<Result<Vec<_>, _>>()?;
    damages.retain(|line| line != "ok");
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *connection).await?;
    damages.extend(dangling.iter().map(|_| "a foreign key points nowhere".to_owned()));
    Ok(damages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_can_corrupt_a_wal_database() {
        for version in ["3.7.0", "3.45.1", "3.50.0", "3.51.2"] {
            assert!(can_corrupt_wal(version), "{version}");
        }
        for version in ["3.51.3", "3.52.0", "4.0.0", "3.6.23"] {
            assert!(!can_corrupt_wal(version), "{version}");
        }
    }
}
