//! Writes that run to their end.

use std::time::Duration;

use tokio::time::timeout;

use super::errors::TANGLED;
use crate::{Error, Result};

/// A write that takes longer holds a connection that went silent.
const WRITE: Duration = Duration::from_secs(60);

/// For a write that changes all keys of a place: it may revoke hundreds of thousands. Longer than PostgreSQL's own
/// limit for it (`tx::MANY`).
pub(super) const WRITE_OF_MANY: Duration = Duration::from_secs(11 * 60);

/// Runs a write to its end, even if the caller is gone: a transaction must not be cancelled midway.
pub(super) async fn detached<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    detached_within(WRITE, work).await
}

pub(super) async fn detached_within<T: Send + 'static>(
    limit: Duration,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    match tokio::spawn(timeout(limit, work)).await {
        // It may have been committing.
        Ok(done) => done.unwrap_or(Err(Error::OutcomeUnknown)),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::Unavailable("shutting down".to_owned())),
    }
}

/// Runs a write that locks many rows, and repeats it after a deadlock.
pub(super) async fn retried<T, F: Future<Output = Result<T>>>(mut work: impl FnMut() -> F) -> Result<T> {
    for _ in 0..4 {
        match work().await {
            Err(Error::Busy(TANGLED)) => {}
            ended => return ended,
        }
    }
    work().await
}
