//! How connections are made: the address, and the settings of each connection.

use std::{path::Path, str::FromStr, sync::Once};

use sqlx::{
    AnyConnection, ConnectOptions, Executor,
    any::{AnyConnectOptions, install_default_drivers},
};

use super::Location;

/// Settings of each PostgreSQL connection: no statement, lock or forgotten transaction blocks others for long, and
/// a server that freezes within a transaction blocks revocations for less than they wait for a lock (docs/nodes.md);
/// PostgreSQL ends the session of a client that vanished after half a minute instead of two hours.
pub(super) const POSTGRES: &str = "SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '2s'; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; \
    SET tcp_keepalives_count = 3; SET tcp_user_timeout = 20000";

/// Run on each new connection that writes. FULL: acknowledged writes survive a power failure.
const SQLITE_WRITER: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY";

/// Run on each new connection that reads: it can't write.
const SQLITE_READER: &str = "PRAGMA busy_timeout = 10000; PRAGMA cache_size = -16000; \
    PRAGMA temp_store = MEMORY; PRAGMA query_only = ON";

/// The same for a command, which reads most pages once: a large cache would only hold them.
const SQLITE_COMMAND_READER: &str = "PRAGMA busy_timeout = 10000; PRAGMA cache_size = -4000; \
    PRAGMA temp_store = MEMORY; PRAGMA query_only = ON";

/// Makes connections of one kind.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) options: AnyConnectOptions,
    pub(super) session: &'static str,
}

impl Connector {
    pub(super) fn writer(location: &Location) -> sqlx::Result<Self> {
        let (url, session) = match location {
            Location::Sqlite(path) => (sqlite_url(path), SQLITE_WRITER),
            Location::Postgres(url) => (url.clone(), POSTGRES),
        };
        Ok(Self { options: AnyConnectOptions::from_str(&url)?, session })
    }

    /// Read-only on SQLite. On PostgreSQL pages read and write over the same connections.
    pub(super) fn reader(location: &Location) -> sqlx::Result<Self> {
        match location {
            Location::Sqlite(path) => {
                let options = AnyConnectOptions::from_str(&sqlite_reader_url(path))?;
                Ok(Self { options, session: SQLITE_READER })
            }
            Location::Postgres(_) => Self::writer(location),
        }
    }

    /// Read-only, for a command on SQLite.
    pub(super) fn command_reader(path: &Path) -> sqlx::Result<Self> {
        let options = AnyConnectOptions::from_str(&sqlite_reader_url(path))?;
        Ok(Self { options, session: SQLITE_COMMAND_READER })
    }

    pub(super) async fn connect(&self) -> sqlx::Result<AnyConnection> {
        let mut connection = self.options.connect().await?;
        connection.execute(self.session).await?;
        Ok(connection)
    }
}

pub(super) fn install_drivers() {
    static DRIVERS: Once = Once::new();
    DRIVERS.call_once(install_default_drivers);
}

/// Creates the database if it is missing.
fn sqlite_url(path: &Path) -> String {
    sqlite_address(path) + "?mode=rwc"
}

/// Creates nothing. Not `ro`: a reader of a database in WAL mode writes to the index of the WAL.
fn sqlite_reader_url(path: &Path) -> String {
    sqlite_address(path) + "?mode=rw"
}

/// A path as a URL, with any characters escaped.
pub(super) fn sqlite_address(path: &Path) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn readers_of_sqlite_can_not_write() {
        install_drivers();
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Sqlite(folder.path().join("test.db"));
        let reader = Connector::reader(&location).expect("a URL");
        assert!(reader.connect().await.is_err(), "makes no database");
        let mut writer = Connector::writer(&location).expect("a URL").connect().await.expect("made");
        writer.execute("CREATE TABLE t (n BIGINT)").await.expect("written");
        let mut reader = reader.connect().await.expect("opened");
        let error = reader.execute("INSERT INTO t (n) VALUES (1)").await.expect_err("refused").to_string();
        assert!(error.contains("readonly"), "{error}");
    }
}
