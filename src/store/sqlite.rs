//! What SQLite needs: a version that is safe, and settings that keep what was answered.

use std::path::Path;

use sqlx::{AnyConnection, Row};

use crate::Result;

/// From 3.7.0 to 3.51.2 a checkpoint that races with a writer can corrupt a database in WAL mode.
pub fn can_corrupt_wal(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    let version = (next(), next(), next());
    ((3, 7, 0)..=(3, 51, 2)).contains(&version)
}

/// Run on each new connection. FULL: what was answered survives a power cut.
pub(super) const PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY";

/// Makes the database where it is missing.
pub(super) fn url(path: &Path) -> String {
    address(path) + "?mode=rwc"
}

/// A path as a URL, whatever characters are in it.
pub(super) fn address(path: &Path) -> String {
    let mut url = "sqlite://".to_owned();
    for character in path.to_string_lossy().chars() {
        match character {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3F"),
            '#' => url.push_str("%23"),
            ' ' => url.push_str("%20"),
            plain => url.push(plain),
        }
    }
    url
}

/// What SQLite finds damaged, foreign keys included; nothing where all is well.
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
