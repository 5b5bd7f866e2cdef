//! The connections over which pages read.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
    time::Duration,
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
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::connector::Connector;

/// On PostgreSQL the pool over which pages write, too. On SQLite a pool of our own: the driver's pings a connection each
/// time it comes back, from a task of its own, which costs two trips to the connection's thread, as much as a query. A
/// file does not fall silent, and a reader of it is in no transaction.
pub(super) enum Readers {
    Pool(AnyPool),
    File(Box<FileReaders>),
}

pub(super) struct FileReaders {
    connector: Connector,
    /// How long to wait for a place, and for a connection to be made.
    wait: Duration,
    size: u32,
    places: Semaphore,
    idle: Mutex<Vec<AnyConnection>>,
}

impl FileReaders {
    pub(super) fn new(connector: Connector, size: u32, wait: Duration) -> Self {
        Self { connector, wait, size, places: Semaphore::new(size as usize), idle: Mutex::default() }
    }

    async fn lend(&self) -> sqlx::Result<Lent<'_>> {
        let lent = async {
            let place = self.places.acquire().await.map_err(|_| Error::PoolClosed)?;
            let idle = self.idle().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => self.connector.connect().await?,
            };
            Ok(Lent::Reader { connection, readers: self, place })
        };
        timeout(self.wait, lent).await.map_err(|_| Error::PoolTimedOut)?
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<AnyConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends nothing any more, waits for what was lent, and closes all.
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

/// A connection for one query. Where that fails, or is given up midway, the connection is not used again.
enum Lent<'a> {
    Pooled(PoolConnection<Any>),
    Reader { connection: AnyConnection, readers: &'a FileReaders, place: SemaphorePermit<'a> },
}

impl Lent<'_> {
    fn give_back(self) {
        if let Self::Reader { connection, readers, place } = self {
            readers.idle().push(connection);
            drop(place);
        }
    }
}

impl Deref for Lent<'_> {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::Reader { connection, .. } => connection,
        }
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::Reader { connection, .. } => connection,
        }
    }
}

impl From<FileReaders> for Readers {
    fn from(readers: FileReaders) -> Self {
        Self::File(Box::new(readers))
    }
}

impl Readers {
    async fn lend(&self) -> sqlx::Result<Lent<'_>> {
        match self {
            Self::Pool(pool) => Ok(Lent::Pooled(pool.acquire().await?)),
            Self::File(readers) => readers.lend().await,
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Pool(pool) => pool.close().await,
            Self::File(readers) => readers.close().await,
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

/// As of a pool: each query borrows a connection.
impl<'c> Executor<'c> for &'c Readers {
    type Database = Any;

    /// All rows are taken before the first is given out: nobody holds a connection by reading slowly.
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let all = async move {
            let mut lent = self.lend().await?;
            let all: Vec<_> = lent.fetch_many(query).try_collect().await?;
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
            let rows = lent.fetch_all(query).await?;
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
            let row = lent.fetch_optional(query).await?;
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
            let described = lent.describe(sql).await?;
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
            let statement = lent.prepare_with(sql, parameters).await?;
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
        match readers {
            Readers::File(readers) => readers.idle().len(),
            Readers::Pool(_) => unreachable!("a file's"),
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
}
