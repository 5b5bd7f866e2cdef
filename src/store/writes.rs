//! Whether writes work: recorded when they fail, and tried again when this is queried.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Location, Store};
use crate::Result;

/// In bytes.
const WRITE_CHECK: usize = 64 * 1024;

/// Why the last write failed, if the request was not the reason.
#[derive(Clone, Default)]
pub(super) struct Writes(Arc<Mutex<Option<String>>>);

impl Writes {
    pub(super) fn failed(&self, why: impl ToString) {
        self.last().get_or_insert_with(|| why.to_string());
    }

    pub(super) fn succeeded(&self) {
        *self.last() = None;
    }

    /// Records the outcome of starting or committing a write.
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
    /// Whether the database accepts writes, judging by the last one. If that failed, tries another.
    pub async fn check_writes(&self) -> Result<()> {
        if self.0.writes.last().is_some() {
            self.try_write().await?;
            self.0.writes.succeeded();
        }
        Ok(())
    }

    /// As large as a large request's write: a disk that is almost full may still accept a small one. The bytes have
    /// to change, since SQLite does not write unchanged pages.
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
