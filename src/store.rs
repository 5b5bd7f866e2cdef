//! What lasts: one store over SQLite (inside, by default) or PostgreSQL, spoken to in one SQL.
//!
//! Reads are methods that name the owner first. Writes name who acts, run to their end even if the caller hangs up,
//! and leave an event in the same transaction.

mod actors;
mod apps;
mod backup;
mod events;
mod export;
mod folding;
mod holders;
mod key_days;
mod key_list;
mod key_status;
mod keys;
mod lifecycle;
mod like;
mod located;
mod members;
mod navigation;
mod open;
mod orgs;
mod peppers;
mod places;
mod postgres;
mod proof;
mod repeats;
mod restrictions;
mod root_tokens;
mod row;
mod rows;
mod schema;
mod search;
#[cfg(feature = "testing")]
mod seed;
mod sessions;
mod signing;
mod sqlite;
mod tx;
mod usage;
mod users;
mod verify;
mod within;

use std::sync::{Arc, OnceLock};

use sqlx::AnyPool;

pub use actors::SeenActor;
pub use backup::{Holdings, copy_sqlite, inspect_copy};
pub use events::{EventFilter, EventPage};
pub use key_list::{KeyFilter, KeyPage, KeySort, KeyStatus, SOON_DAYS, UNUSED_DAYS};
pub use lifecycle::Contents;
pub use located::{LocatedApp, LocatedOrg, LocatedProject, LocatedTenant};
pub use navigation::Navigation;
pub use open::{Location, OpenError};
pub use search::{Found, Kind};
pub use sessions::SessionRow;
pub use signing::SealedSigning;
pub use sqlite::can_corrupt_wal;
pub use usage::{Refused, Used};
pub use verify::StoredKey;
pub use within::{Page, Paging};

use crate::{Clock, Entropy, Error, Result, Timestamp, key::Digest, profile::Profile, vault::Vault};
use peppers::Peppers;
use proof::Prover;

/// Told to whoever caches verdicts, after the commit and before the answer.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision that this change made.
    pub revision: i64,
    pub touched: Touched,
}

/// The keys and root tokens that a change touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    These(Vec<Digest>),
    /// Too many to name.
    Everything,
}

type Listener = Box<dyn Fn(&Change) + Send + Sync>;

/// What a store is given from outside.
pub struct Tools {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub vault: Vault,
    pub profile: Arc<Profile>,
}

/// A handle; clones share the pools.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    location: Location,
    read: AnyPool,
    write: AnyPool,
    /// The verifier's own readers: slow pages must not keep it from hearing of revocations.
    verify: AnyPool,
    tools: Tools,
    peppers: Peppers,
    listener: OnceLock<Listener>,
    prover: OnceLock<Prover>,
    #[cfg(feature = "testing")]
    slowness: OnceLock<verify::Slowness>,
    #[cfg(feature = "testing")]
    reads: std::sync::atomic::AtomicU64,
    server_lock: tokio::sync::Mutex<Option<sqlx::AnyConnection>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.0.location).finish()
    }
}

impl Store {
    pub fn now(&self) -> Timestamp {
        self.0.tools.clock.now()
    }

    pub fn entropy(&self) -> &dyn Entropy {
        &*self.0.tools.entropy
    }

    pub fn vault(&self) -> &Vault {
        &self.0.tools.vault
    }

    pub fn profile(&self) -> &Arc<Profile> {
        &self.0.tools.profile
    }

    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// Calls `listener` after each change that a verdict depends on. There is one; a second is ignored.
    pub fn on_change(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        let _ = self.0.listener.set(Box::new(listener));
    }

    /// The number of changes that verdicts depend on, ever.
    pub async fn revision(&self) -> Result<i64> {
        let (n,): (i64,) = sqlx::query_as("SELECT n FROM revision WHERE id = 1").fetch_one(&self.0.verify).await?;
        Ok(n)
    }

    /// What SQLite finds damaged in its file, foreign keys included; nothing where all is well. PostgreSQL looks after
    /// itself.
    pub async fn check_integrity(&self) -> Result<Vec<String>> {
        if matches!(self.0.location, Location::Postgres(_)) {
            return Ok(Vec::new());
        }
        sqlite::damages(&mut *self.read().acquire().await?).await
    }

    /// Folds the WAL into the database and closes every connection.
    pub async fn close(&self) {
        self.free_server_lock().await;
        self.0.verify.close().await;
        self.0.read.close().await;
        self.0.write.close().await;
    }

    /// Takes PostgreSQL's advisory lock, or sees that it is still held: it goes when its connection does. A second
    /// server would not hear of the first one's revocations at once. For SQLite a lock file does the same.
    pub async fn hold_server_lock(&self) -> Result<()> {
        if matches!(self.0.location, Location::Sqlite(_)) {
            return Ok(());
        }
        let mut held = self.0.server_lock.lock().await;
        if let Some(connection) = held.as_mut() {
            if sqlx::query("SELECT 1").execute(&mut *connection).await.is_ok() {
                return Ok(());
            }
            *held = None;
        }
        let mut connection = self.0.write.acquire().await?.detach();
        let row = sqlx::query("SELECT CASE WHEN pg_try_advisory_lock(7022136120) THEN 1 ELSE 0 END AS taken")
            .fetch_one(&mut connection)
            .await?;
        if sqlx::Row::try_get::<i32, _>(&row, "taken")? == 1 {
            *held = Some(connection);
            return Ok(());
        }
        Err(Error::Unavailable("another sallyport serves this database already; end it first".to_owned()))
    }

    /// The next server may begin at once: PostgreSQL frees the lock of a connection that ended only when it sees the end.
    async fn free_server_lock(&self) {
        if let Some(mut connection) = self.0.server_lock.lock().await.take() {
            let _ = sqlx::query("SELECT CASE WHEN pg_advisory_unlock(7022136120) THEN 1 ELSE 0 END")
                .execute(&mut connection)
                .await;
        }
    }

    fn read(&self) -> &AnyPool {
        #[cfg(feature = "testing")]
        self.0.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        &self.0.read
    }

    /// How often pages asked the database, ever: so that a test sees what one page costs.
    #[cfg(feature = "testing")]
    pub fn reads(&self) -> u64 {
        self.0.reads.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// Runs a write to its end, even if whoever asked for it is gone: a transaction must not be cancelled midway.
async fn detached<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::Unavailable("shutting down".to_owned())),
    }
}

/// What PostgreSQL says of a transaction that it ended because it and another waited for each other.
const TANGLED: &str = "Others changed the same at the same time; try again.";

/// Runs a write that takes many rows, and again where PostgreSQL ended it to untie it from another.
async fn retried<T, F: Future<Output = Result<T>>>(mut work: impl FnMut() -> F) -> Result<T> {
    for _ in 0..4 {
        match work().await {
            Err(Error::Busy(TANGLED)) => {}
            ended => return ended,
        }
    }
    work().await
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        // What it was to belong to is gone.
        if error.as_database_error().is_some_and(|error| error.is_foreign_key_violation()) {
            return Self::NotFound;
        }
        if error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "40P01") {
            return Self::Busy(TANGLED);
        }
        Self::Unavailable(error.to_string())
    }
}

/// Whether a unique constraint stood in the way. PostgreSQL gives its name, SQLite the columns.
fn is_taken(error: &sqlx::Error, constraint: &str, column: &str) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.is_unique_violation() && (error.constraint() == Some(constraint) || error.message().contains(column))
    })
}
