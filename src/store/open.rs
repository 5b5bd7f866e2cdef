//! Opening a store: pools, version, migrations, peppers.

use std::{
    fmt,
    path::PathBuf,
    str::FromStr,
    sync::{Arc, Once, OnceLock},
    time::Duration,
};

use sqlx::{
    Executor,
    any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers},
    migrate::MigrateError,
};

use super::{Inner, Store, Tools, peppers::Peppers, postgres, schema, sqlite};

/// Where the data lies.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    Sqlite(PathBuf),
    Postgres(String),
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without the password that a URL may hold.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "SQLite at {}", path.display()),
            Self::Postgres(url) => {
                let after = url.split_once("://").map_or("", |(_, rest)| rest);
                let host = after.rsplit_once('@').map_or(after, |(_, host)| host);
                write!(f, "PostgreSQL at {}", host.split('?').next().unwrap_or_default())
            }
        }
    }
}

impl Location {
    /// Whether there is a database of Sallyport's. Makes none.
    pub async fn is_made(&self) -> Result<bool, OpenError> {
        match self {
            Self::Sqlite(path) => Ok(path.exists()),
            Self::Postgres(url) => postgres::is_made(self, url).await,
        }
    }
}

/// Why a store could not be opened, and the mend.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("This binary carries SQLite {0}, which can corrupt a database in WAL mode. Use 3.51.3 or newer.")]
    UnsafeSqlite(String),
    #[error(
        "This database was made by a newer Sallyport (it has migration {0}, which this binary does not know). \
         Start the newer binary, or restore a backup from before the update."
    )]
    NewerDatabase(i64),
    #[error(
        "This database was made by an older Sallyport (it lacks migration {0}). Make a backup and end the server that \
         runs on it; then run `sallyport migrate`, or start this binary's `sallyport serve`, which migrates too."
    )]
    OlderDatabase(i64),
    #[error("The database could not be brought up to date: {0}")]
    Migrate(MigrateError),
    #[error("{0} could not be opened: {1}")]
    Unreachable(Location, String),
    #[error("{0}")]
    Store(#[from] crate::Error),
}

/// What becomes of a database whose schema is older than this binary's.
#[derive(Clone, Copy)]
enum Older {
    Migrated,
    Refused,
}

impl Store {
    /// Opens a database whose schema is this binary's, beside a server or not. An older or a newer one is refused and
    /// left as it is.
    pub async fn open(location: Location, tools: Tools) -> Result<Self, OpenError> {
        Self::opened(location, tools, Older::Refused).await
    }

    /// Opens a database and brings it up to date first, if the master key fits and no server runs on it. Makes it where
    /// it is missing.
    pub async fn open_and_migrate(location: Location, tools: Tools) -> Result<Self, OpenError> {
        Self::opened(location, tools, Older::Migrated).await
    }

    async fn opened(location: Location, tools: Tools, older: Older) -> Result<Self, OpenError> {
        install_drivers();
        let unreachable = |error: sqlx::Error| OpenError::Unreachable(location.clone(), error.to_string());

        let (read, write, verify) = match &location {
            Location::Sqlite(path) => {
                let options = AnyConnectOptions::from_str(&sqlite::url(path)).map_err(unreachable)?;
                // One writer, so that writers queue here and not in SQLite's busy handler.
                let write = sqlite_pool(1).connect_with(options.clone()).await.map_err(unreachable)?;
                let version: (String,) =
                    sqlx::query_as("SELECT sqlite_version()").fetch_one(&write).await.map_err(unreachable)?;
                if sqlite::can_corrupt_wal(&version.0) {
                    return Err(OpenError::UnsafeSqlite(version.0));
                }
                (sqlite_pool(8).connect_lazy_with(options.clone()), write, sqlite_pool(2).connect_lazy_with(options))
            }
            Location::Postgres(url) => {
                let options = AnyConnectOptions::from_str(url).map_err(unreachable)?;
                postgres::reach(&location, &options).await?;
                let pages = pool(16).connect_with(options.clone()).await.map_err(unreachable)?;
                (pages.clone(), pages, pool(2).connect_lazy_with(options))
            }
        };
        let peppers = match older {
            Older::Migrated => schema::bring_up_to_date(&location, &write, &tools).await?,
            Older::Refused => {
                schema::check(&location, &write).await?;
                Peppers::load(&mut *write.acquire().await.map_err(unreachable)?, &tools).await?
            }
        };
        Ok(Self(Arc::new(Inner {
            location,
            read,
            write,
            verify,
            tools,
            peppers,
            listener: OnceLock::new(),
            prover: OnceLock::new(),
            #[cfg(feature = "testing")]
            slowness: OnceLock::new(),
            #[cfg(feature = "testing")]
            reads: std::sync::atomic::AtomicU64::default(),
            server_lock: tokio::sync::Mutex::default(),
        })))
    }
}

pub(super) fn install_drivers() {
    static DRIVERS: Once = Once::new();
    DRIVERS.call_once(install_default_drivers);
}

fn pool(size: u32) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(size).acquire_timeout(Duration::from_secs(10))
}

fn sqlite_pool(size: u32) -> AnyPoolOptions {
    pool(size).after_connect(|connection, _| {
        Box::pin(async move {
            connection.execute(sqlite::PRAGMAS).await?;
            Ok(())
        })
    })
}
