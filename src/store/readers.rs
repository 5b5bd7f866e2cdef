//! The connections that pages read over.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{
    TryFutureExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    Any, AnyConnection, AnyPool, Connection, Describe, Either, Error, Execute, Executor, SqlStr,
    any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
    pool::PoolConnection,
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::connector::Connector;
use crate::metrics::{Histogram, SLOW, Snapshot};

/// On PostgreSQL the pool that pages also write over. On SQLite a pool of our own: sqlx's pings each connection when
/// it is returned, from a separate task, which costs two round trips to the connection's thread, as much as a query.
/// A file does not go silent, and its readers are never in a transaction.
pub(super) struct Readers {
    lender: Lender,
    /// How long queries waited for a connection.
    waits: Histogram,
}

enum Lender {
    Pool(AnyPool),
    File(Arc<FileReaders>),
}

pub(super) struct FileReaders {
    connector: Connector,
    /// How long to wait for a free connection, and for a new one to be made.
    wait: Duration,
    size: u32,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<AnyConnection>>,
}

impl FileReaders {
    pub(super) fn new(connector: Connector, size: u32, wait: Duration) -> Self {
        Self { connector, wait, size, places: Arc::new(Semaphore::new(size as usize)), idle: Mutex::default() }
    }

    async fn lend(self: &Arc<Self>) -> sqlx::Result<Lent> {
        let lent = async {
            let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Error::PoolClosed)?;
            let idle = self.idle().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => self.connector.connect().await?,
            };
            Ok(Lent::Reader(Borrowed { connection: Some(connection), readers: Arc::clone(self), place: Some(place) }))
        };
        timeout(self.wait, lent).await.map_err(|_| Error::PoolTimedOut)?
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<AnyConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends no more connections, waits for those in use, and closes all.
    async fn close(&self) {
        let all = self.places.acquire_many(self.size).await;
        self.places.close();
        drop(all);
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            let _ = connection.close().await;
        }
    }
}

/// A connection for one query.
enum Lent {
    Pooled(PoolConnection<Any>),
    Reader(Borrowed),
}

/// A borrowed reader. If its query fails or is cancelled, the connection is closed and not reused.
struct Borrowed {
    connection: Option<AnyConnection>,
    readers: Arc<FileReaders>,
    place: Option<OwnedSemaphorePermit>,
}

impl Drop for Borrowed {
    /// SQLite finishes a query even if nobody waits for it. Its slot is freed only then, so that there are never more
    /// connections than readers.
    fn drop(&mut self) {
        let (Some(connection), Some(place)) = (self.connection.take(), self.place.take()) else { return };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let _ = connection.close().await;
                drop(place);
            });
        }
    }
}

impl Lent {
    fn give_back(self) {
        if let Self::Reader(mut reader) = self
            && let Some(connection) = reader.connection.take()
        {
            reader.readers.idle().push(connection);
        }
    }

    fn on(&mut self) -> sqlx::Result<&mut AnyConnection> {
        match self {
            Self::Pooled(connection) => Ok(connection),
            Self::Reader(reader) => reader.connection.as_mut().ok_or(Error::PoolClosed),
        }
    }
}

impl From<FileReaders> for Readers {
    fn from(readers: FileReaders) -> Self {
        Self::over(Lender::File(Arc::new(readers)))
    }
}

impl From<AnyPool> for Readers {
    fn from(pool: AnyPool) -> Self {
        Self::over(Lender::Pool(pool))
    }
}

impl Readers {
    fn over(lender: Lender) -> Self {
        Self { lender, waits: Histogram::new(SLOW) }
    }

    async fn lend(&self) -> sqlx::Result<Lent> {
        let began = Instant::now();
        let lent = match &self.lender {
            Lender::Pool(pool) => pool.acquire().await.map(Lent::Pooled),
            Lender::File(readers) => readers.lend().await,
        };
        self.waits.observe(began.elapsed());
        lent
    }

    pub(super) fn waits(&self) -> Snapshot {
        self.waits.snapshot()
    }

    /// How many connections are in use, and how many there may be.
    pub(super) fn used(&self) -> (usize, usize) {
        match &self.lender {
            Lender::Pool(pool) => used(pool),
            Lender::File(readers) => {
                let size = readers.size as usize;
                (size.saturating_sub(readers.places.available_permits()), size)
            }
        }
    }

    pub(super) async fn close(&self) {
        match &self.lender {
            Lender::Pool(pool) => pool.close().await,
            Lender::File(readers) => readers.close().await,
        }
    }
}

/// The same of a pool.
pub(super) fn used(pool: &AnyPool) -> (usize, usize) {
    let open = pool.size() as usize;
    (open.saturating_sub(pool.num_idle()), pool.options().get_max_connections() as usize)
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

/// Like a pool: each query borrows a connection.
impl<'c> Executor<'c> for &'c Readers {
    type Database = Any;

    /// All rows are read before the first is returned: a slow consumer does not hold a connection.
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let all = async move {
            let mut lent = self.lend().await?;
            let all: Vec<_> = lent.on()?.fetch_many(query).try_collect().await?;
            lent.give_back();
            Ok(stream::iter(all.into_iter().map(Ok)))
        };
        Box::pin(all.try_flatten_stream())
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Vec<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move {
            let mut lent = self.lend().await?;
            let rows = lent.on()?.fetch_all(query).await?;
            lent.give_back();
            Ok(rows)
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move {
            let mut lent = self.lend().await?;
            let row = lent.on()?.fetch_optional(query).await?;
            lent.give_back();
            Ok(row)
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Any>>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let mut lent = self.lend().await?;
            let described = lent.on()?.describe(sql).await?;
            lent.give_back();
            Ok(described)
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let mut lent = self.lend().await?;
            let statement = lent.on()?.prepare_with(sql, parameters).await?;
            lent.give_back();
            Ok(statement)
        })
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::store::{Location, connector::install_drivers};

    async fn readers(folder: &tempfile::TempDir, size: u32, wait: Duration) -> Readers {
        install_drivers();
        let location = Location::Sqlite(folder.path().join("test.db"));
        Connector::writer(&location).expect("a URL").connect().await.expect("made");
        FileReaders::new(Connector::reader(&location).expect("a URL"), size, wait).into()
    }

    async fn one(readers: &Readers) -> sqlx::Result<i64> {
        sqlx::query("SELECT CAST(1 AS BIGINT)").fetch_one(readers).await?.try_get(0)
    }

    fn idle(readers: &Readers) -> usize {
        match &readers.lender {
            Lender::File(readers) => readers.idle().len(),
            Lender::Pool(_) => unreachable!("a file's"),
        }
    }

    #[tokio::test]
    async fn a_connection_serves_again_unless_its_query_failed() {
        let folder = tempfile::tempdir().expect("a folder");
        let readers = readers(&folder, 2, Duration::from_secs(10)).await;
        for _ in 0..3 {
            assert_eq!(one(&readers).await.expect("asked"), 1);
            assert_eq!(idle(&readers), 1);
        }
        assert!(sqlx::query("SELECT x FROM missing").fetch_all(&readers).await.is_err());
        assert_eq!(idle(&readers), 0);
        assert_eq!(one(&readers).await.expect("asked"), 1);
    }

    #[tokio::test]
    async fn no_more_are_lent_than_there_are_and_a_wait_for_one_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let readers = readers(&folder, 1, Duration::from_secs(1)).await;
        let lent = readers.lend().await.expect("free");
        assert!(matches!(one(&readers).await, Err(Error::PoolTimedOut)));
        drop(lent);
        assert_eq!(one(&readers).await.expect("free again"), 1);
        readers.close().await;
        assert!(matches!(one(&readers).await, Err(Error::PoolClosed)));
        assert_eq!(idle(&readers), 0);
    }

    #[tokio::test]
    async fn a_query_that_is_given_up_keeps_its_place_until_it_ends() {
        const LONG: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) \
            SELECT COUNT(*) FROM n";
        let folder = tempfile::tempdir().expect("a folder");
        let readers = readers(&folder, 1, Duration::from_secs(60)).await;
        assert_eq!(one(&readers).await.expect("asked"), 1);
        let given_up = timeout(Duration::from_millis(1), sqlx::query(LONG).fetch_all(&readers)).await;
        assert!(given_up.is_err(), "it takes longer");
        let Lender::File(file) = &readers.lender else { unreachable!("a file's") };
        assert_eq!(file.places.available_permits(), 0);
        assert_eq!(one(&readers).await.expect("once that ended"), 1);
    }
}
