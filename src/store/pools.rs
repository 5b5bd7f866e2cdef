//! Connection pools, and how broken connections are taken out of use.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{AnyConnection, AnyPool, Connection, Executor, any::AnyPoolOptions};
use tokio::time::timeout;

use super::{
    Location,
    connector::Connector,
    readers::{FileReaders, Readers},
    writes::Writes,
};

/// How long pages and writes wait for a connection of their pool.
const ACQUIRE: Duration = Duration::from_secs(10);
/// A look-up that takes longer fails: the request is answered 503.
pub(super) const LOOK_UP: Duration = Duration::from_millis(1_250);
/// A connection that does not answer a ping in this time is replaced. Less than a look-up may take.
const PING: Duration = Duration::from_millis(500);

pub(super) struct Pools {
    pub read: Readers,
    pub write: AnyPool,
    /// Separate readers for the verifier: slow pages must not delay its look-ups.
    pub verify: Readers,
    /// For what revocations wait for, on PostgreSQL: neither pages nor look-ups delay it.
    nodes: Option<AnyPool>,
}

/// Who reads and writes.
#[derive(Clone, Copy)]
pub(super) enum By {
    Server,
    Command,
}

impl Pools {
    /// Does not connect yet.
    pub(super) fn new(location: &Location, by: By, writes: &Writes, silence: &Silence) -> sqlx::Result<Self> {
        match location {
            Location::Sqlite(path) => {
                let reader = match by {
                    By::Server => Connector::reader(location)?,
                    By::Command => Connector::command_reader(path)?,
                };
                Ok(Self {
                    read: FileReaders::new(reader.clone(), 8, ACQUIRE).into(),
                    // One writer, so that writers wait here and not in SQLite's busy handler.
                    write: Connector::writer(location)?.pool(1, ACQUIRE, silence, Some(writes)),
                    verify: FileReaders::new(reader, 2, LOOK_UP).into(),
                    nodes: None,
                })
            }
            Location::Postgres(_) => {
                let connector = Connector::writer(location)?;
                let pages = connector.pool(16, ACQUIRE, silence, Some(writes));
                let verify = connector.pool(2, LOOK_UP, silence, None).into();
                let nodes = Some(connector.pool(1, LOOK_UP, silence, None));
                Ok(Self { read: pages.clone().into(), write: pages, verify, nodes })
            }
        }
    }
}

impl Pools {
    pub(super) fn nodes(&self) -> &AnyPool {
        self.nodes.as_ref().unwrap_or(&self.write)
    }
}

impl Connector {
    fn pool(&self, size: u32, acquire: Duration, silence: &Silence, writes: Option<&Writes>) -> AnyPool {
        let (session, silence, writes) = (self.session, silence.clone(), writes.cloned());
        let options = AnyPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(acquire)
            // Replaces the pool's own test, which waits forever for a silent connection.
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    connection.execute(session).await?;
                    Ok(())
                })
            })
            // A connection may have gone silent, or been left in a transaction: it is tested before it is used again.
            .before_acquire(move |connection, meta| {
                let silent = silence.is_younger_than(meta.age);
                Box::pin(async move { Ok(!silent && is_sound(connection).await) })
            })
            .after_release(move |connection, _| {
                let writes = writes.clone();
                Box::pin(async move {
                    let sound = is_sound(connection).await;
                    if let (false, Some(writes)) = (sound, writes) {
                        writes.failed("a transaction could not be ended");
                    }
                    Ok(sound)
                })
            });
        options.connect_lazy_with(self.options.clone())
    }
}

/// When a connection was last found to be silent. Older ones are probably silent too, and finding out would cost a
/// ping each.
#[derive(Clone, Default)]
pub(super) struct Silence(Arc<Mutex<Option<Instant>>>);

impl Silence {
    pub(super) fn noticed(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_younger_than(&self, age: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|noticed| noticed.elapsed() < age)
    }
}

/// Whether a connection responds and is not in a transaction. SQLite rolls back by itself on some errors, such as a
/// full disk; then the driver's rollback fails, and the driver would treat every later transaction as nested in the
/// one that is gone.
async fn is_sound(connection: &mut AnyConnection) -> bool {
    let answers = matches!(timeout(PING, connection.ping()).await, Ok(Ok(())));
    answers && !connection.is_in_transaction()
}
