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
    AnyPool,
    any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers},
    migrate::{MigrateError, Migrator},
};

use crate::audit;

use super::{
    Inner, Store, Tools,
    feed::Feed,
    notes::Notes,
    peppers::Peppers,
    pools::{Pools, Silence},
    postgres, sqlite,
    writes::Writes,
};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a start waits for a connection to migrate over: PostgreSQL may be starting too.
const MIGRATE: Duration = Duration::from_secs(10);

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

        // A first connection of its own says at once why there is none. A pool asks again and again until its time is
        // up, and then knows no reason.
        let writes = Writes::default();
        let silence = Silence::default();
        let feed = Feed::new(&location, &*tools.entropy, silence.clone()).map_err(unreachable)?;
        let pools = Pools::new(&location, &writes, &silence).map_err(unreachable)?;
        let unlimited = match &location {
            Location::Sqlite(_) => {
                sqlite::reach(&location).await?;
                pools.write.clone()
            }
            Location::Postgres(url) => {
                let options = AnyConnectOptions::from_str(url).map_err(unreachable)?;
                postgres::reach(&location, &options).await?;
                // Migrations of a large database take longer than a request may.
                AnyPoolOptions::new().max_connections(1).acquire_timeout(MIGRATE).connect_lazy_with(options)
            }
        };
        let write = pools.write.clone();
        migrate(&location, &unlimited).await?;
        if let Location::Postgres(_) = location {
            unlimited.close().await;
        }
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
            pools,
            writes,
            feed,
            notes: Notes::default(),
            tools,
            peppers,
            listener: OnceLock::new(),
            prover: OnceLock::new(),
            #[cfg(feature = "testing")]
            slowness: OnceLock::new(),
        })))
    }
}

pub(super) fn install_drivers() {
    static DRIVERS: Once = Once::new();
    DRIVERS.call_once(install_default_drivers);
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
