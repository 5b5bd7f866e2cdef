//! Whether writes work: noted where they fail, and tried anew once somebody asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Location, Store};
use crate::Result;

/// Bytes.
const WRITE_CHECK: usize = 64 * 1024;

/// Why the last write failed, if it did for a reason that is not the request's.
#[derive(Clone, Default)]
pub(super) struct Writes(Arc<Mutex<Option<String>>>);

impl Writes {
    pub(super) fn failed(&self, why: impl ToString) {
        self.last().get_or_insert_with(|| why.to_string());
    }

    pub(super) fn succeeded(&self) {
        *self.last() = None;
    }

    /// Notes what became of the begin or the commit of a write.
    pub(super) fn note<T>(&self, done: sqlx::Result<T>) -> sqlx::Result<T> {
        if let Err(error) = &done {
            self.failed(error);
        }
        done
    }

    fn last(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Whether the database takes writes, as the last one showed. After one that failed, tries another.
    pub async fn check_writes(&self) -> Result<()> {
        if self.0.writes.last().is_some() {
            self.try_write().await?;
            self.0.writes.succeeded();
        }
        Ok(())
    }

    /// As much as a large request writes: the last bytes of a disk may take less. They have to change, since SQLite does not
    /// write what stays the same.
    async fn try_write(&self) -> Result<()> {
        let mut tx = match self.0.location {
            Location::Sqlite(_) => self.0.pools.write.begin_with("BEGIN IMMEDIATE").await?,
            Location::Postgres(_) => self.0.pools.write.begin().await?,
        };
        let bytes = self.entropy().array::<32>().repeat(WRITE_CHECK / 32);
        sqlx::query("UPDATE server_lease SET write_check = $1 WHERE id = 1").bind(bytes).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}
