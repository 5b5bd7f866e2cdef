//! Opening a store: pools, version, migrations, peppers.

use std::{
    str::FromStr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use tokio::sync::Semaphore;

use super::{
    Inner, Store, Tools,
    connector::install_drivers,
    deferred_writes::DeferredWrites,
    feed::Feed,
    forward_gate::ForwardGate,
    jobs::Doorbell,
    journal::JournalSlot,
    location::{Location, OpenError},
    master_keys::{self, Followed},
    measures::Measures,
    peppers::Peppers,
    pools::{By, Pools, Silence},
    postgres, schema, sqlite,
    writes::Writes,
};

/// How long a start waits for a connection to migrate over: PostgreSQL may be starting too.
const MIGRATE: Duration = Duration::from_secs(10);

impl Location {
    /// Whether a database of Sallyport exists. Does not create one.
    pub async fn is_made(&self) -> Result<bool, OpenError> {
        match self {
            Self::Sqlite(path) => Ok(path.exists()),
            Self::Postgres(url) => postgres::is_made(self, url).await,
        }
    }
}

/// What to do with a database whose schema is older than this binary's.
#[derive(Clone, Copy)]
enum Older {
    Migrated,
    Refused,
}

impl Store {
    /// Opens a database whose schema matches this binary, whether or not a server is running on it. An older or newer
    /// one is refused and not changed.
    pub async fn open(location: Location, tools: Tools) -> Result<Self, OpenError> {
        Self::opened(location, tools, Older::Refused).await
    }

    /// Opens a database and migrates it first, if the master key fits and no server is running on it. Creates it if
    /// it is missing.
    pub async fn open_and_migrate(location: Location, tools: Tools) -> Result<Self, OpenError> {
        Self::opened(location, tools, Older::Migrated).await
    }

    async fn opened(location: Location, tools: Tools, older: Older) -> Result<Self, OpenError> {
        install_drivers();
        let unreachable = |error: sqlx::Error| OpenError::Unreachable(location.clone(), error.to_string());

        // A first connection outside the pool reports at once why it failed. A pool retries until its timeout, and
        // then has no reason.
        let writes = Writes::default();
        let silence = Silence::default();
        let feed = Feed::new(&location, silence.clone()).map_err(unreachable)?;
        let by = match older {
            Older::Migrated => By::Server,
            Older::Refused => By::Command,
        };
        let pools = Pools::new(&location, by, &writes, &silence).map_err(unreachable)?;
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
        let peppers = match older {
            Older::Migrated => schema::migrate_schema(&location, &unlimited, &tools).await?,
            Older::Refused => {
                schema::check(&location, &unlimited).await?;
                let mut connection = unlimited.acquire().await.map_err(unreachable)?;
                master_keys::load(&mut connection, &tools).await?;
                Peppers::load(&mut connection, &tools).await?
            }
        };
        if let Location::Postgres(_) = location {
            unlimited.close().await;
        }
        Ok(Self(Arc::new(Inner {
            location,
            pools,
            writes,
            feed,
            deferred_writes: DeferredWrites::default(),
            doorbell: Doorbell::default(),
            forward_gate: ForwardGate::default(),
            journal: JournalSlot::default(),
            measures: Measures::default(),
            followed: Followed::default(),
            tools,
            peppers,
            listener: OnceLock::new(),
            prover: OnceLock::new(),
            node: OnceLock::new(),
            long_reads: Semaphore::new(2),
            #[cfg(feature = "testing")]
            slowness: OnceLock::new(),
            #[cfg(feature = "testing")]
            reads: std::sync::atomic::AtomicU64::default(),
        })))
    }
}
