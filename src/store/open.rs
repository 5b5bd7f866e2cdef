//! Opening a store: pools, version, migrations, peppers.

use std::{
    fmt,
    fs::File,
    path::PathBuf,
    str::FromStr,
    sync::{Arc, Once, OnceLock},
    time::Duration,
};

use sqlx::{
    AnyPool, Executor,
    any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers},
    migrate::{MigrateError, Migrator},
};

use crate::audit;

use super::{Inner, Store, Tools, peppers::Peppers, postgres, sqlite};

static MIGRATIONS: Migrator = sqlx::migrate!();

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
    #[error("The database could not be brought up to date: {0}")]
    Migrate(MigrateError),
    #[error("{0} could not be opened: {1}")]
    Unreachable(Location, String),
    #[error("{0}")]
    Store(#[from] crate::Error),
}

impl Store {
    /// Opens, migrates and unlocks the peppers.
    pub async fn open(location: Location, tools: Tools) -> Result<Self, OpenError> {
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
        migrate(&location, &write).await?;
        // Bound and not in the migration: the two databases write an empty BYTEA differently.
        sqlx::query("INSERT INTO chains (name, seq, hash) VALUES ($1, 0, $2) ON CONFLICT (name) DO NOTHING")
            .bind(audit::SYSTEM)
            .bind(Vec::<u8>::new())
            .execute(&write)
            .await
            .map_err(crate::Error::from)?;
        let peppers = Peppers::load_or_make(&location, &write, &tools).await?;
        Ok(Self(Arc::new(Inner {
            location,
            read,
            write,
            verify,
            tools,
            peppers,
            listener: OnceLock::new(),
            addition_listener: OnceLock::new(),
            prover: OnceLock::new(),
            #[cfg(feature = "testing")]
            slowness: OnceLock::new(),
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

/// One process at a time: PostgreSQL has advisory locks for it, beside SQLite's file lies a lock file.
async fn migrate(location: &Location, pool: &AnyPool) -> Result<(), OpenError> {
    let _lock = match location {
        Location::Sqlite(path) => {
            let path = path.with_extension("migrate.lock");
            let locked = tokio::task::spawn_blocking(move || {
                let file = File::create(path)?;
                file.lock()?;
                std::io::Result::Ok(file)
            });
            let failed = |error: &dyn fmt::Display| OpenError::Unreachable(location.clone(), error.to_string());
            Some(locked.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?)
        }
        Location::Postgres(_) => None,
    };
    MIGRATIONS.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) => OpenError::NewerDatabase(version),
        other => OpenError::Migrate(other),
    })
}
