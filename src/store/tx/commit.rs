//! Commits: what a verdict depends on is told to verifiers, nodes and the revocation journal before it is answered.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::{Committed, Tx};
use crate::{Error, Result, clock::since_boot, node::Confirmed};

/// How long a commit may take. Shorter than PostgreSQL's own limit: that would end the wait for a standby, and answer that
/// the commit succeeded.
const COMMIT: Duration = Duration::from_secs(20);

impl Tx {
    /// Commits changes that have no actor: counters and times of use.
    pub(in crate::store) async fn commit_counts(mut self) -> Result<()> {
        self.end().await
    }

    /// Commits what a person set for themselves alone, which the activity does not show: a saved view.
    pub(in crate::store) async fn commit_preferences(mut self) -> Result<()> {
        self.end().await
    }

    /// Commits that a secret was digested anew, which has no actor. Nothing was taken away, so nobody is waited for.
    pub(in crate::store) async fn commit_digests(mut self) -> Result<()> {
        let change = self.leave_change().await?;
        self.end().await?;
        if let Some(change) = change {
            if let Some(listener) = self.store.0.listener.get() {
                listener(&change);
            }
            self.store.journal(std::slice::from_ref(&change)).await;
        }
        Ok(())
    }

    async fn end(&mut self) -> Result<()> {
        if let Some(tx) = self.tx.take() {
            // SQLite commits in this process, however long it takes.
            let limit = if self.is_on_postgres() { COMMIT } else { Duration::MAX };
            let ended = match timeout(limit, tx.commit()).await {
                Ok(ended) => ended.map_err(|error| (error.to_string(), outcome(error))),
                Err(_) => Err((format!("a commit took longer than {limit:?}"), Error::OutcomeUnknown)),
            };
            if let Err((why, error)) = ended {
                self.store.0.writes.failed(why);
                return Err(error);
            }
            self.store.0.writes.succeeded();
            if self.enqueued {
                self.store.0.doorbell.ring();
            }
        }
        Ok(())
    }

    /// Ends a write that found nothing left to take away. A request before may have taken it away, whose answer was lost: this
    /// is answered once no node judges keys without that.
    pub(in crate::store) async fn unchanged(self) -> Result<Confirmed> {
        let store = self.store.clone();
        // Its locks are not held while nodes are waited for.
        drop(self);
        let revision = store.revision().await?;
        let confirmed = store.confirm_all().await?;
        Ok(Confirmed { journaled: store.is_journaled(revision).await, ..confirmed })
    }

    /// The same where a request before may be why there is nothing that this could take away.
    pub(in crate::store) async fn unless_taken_away<T>(self, found: Result<T>) -> Result<(Self, T)> {
        match found {
            Ok(found) => Ok((self, found)),
            Err(error @ (Error::NotFound | Error::Conflict { .. })) => {
                self.unchanged().await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Commits the transaction. A mutation without an event is a defect, so it is not committed.
    pub(in crate::store) async fn commit(self) -> Result<()> {
        self.commit_timed().await.map(drop)
    }

    /// The same; returns the time of the commit. What takes something away is answered once no node judges keys without it.
    pub(in crate::store) async fn commit_timed(mut self) -> Result<Committed> {
        assert!(self.recorded > 0, "a write transaction without an event");
        let change = self.leave_change().await?;
        self.end().await?;
        let (at, received_at) = (Instant::now(), since_boot());
        let Some(change) = change else { return Ok(Committed { at, confirmed: Confirmed::default() }) };
        if let Some(listener) = self.store.0.listener.get() {
            listener(&change);
        }
        let others = async {
            match change.takes_away() {
                true => self.store.confirm(change.revision, received_at).await,
                false => Confirmed::default(),
            }
        };
        let (confirmed, journaled) = tokio::join!(others, self.store.journal(std::slice::from_ref(&change)));
        Ok(Committed { at, confirmed: Confirmed { journaled, ..confirmed } })
    }
}

/// Whether a commit that failed can have taken effect: only what PostgreSQL says about the transaction is certain. A server
/// that shuts down (class 57) or a lost connection (class 08) is not.
fn outcome(error: sqlx::Error) -> Error {
    let Some(database) = error.as_database_error() else { return Error::OutcomeUnknown };
    match database.code() {
        Some(code) if code.starts_with("57") || code.starts_with("08") => Error::OutcomeUnknown,
        _ => error.into(),
    }
}

/// A write that was not committed was refused or had a failed statement, for example because PostgreSQL's disk is
/// full or read-only. The next check of writes finds out which. SQLite's writer is tested when it is returned.
impl Drop for Tx {
    fn drop(&mut self) {
        if self.tx.is_some() && self.is_on_postgres() {
            self.store.0.writes.failed("a write was not completed");
        }
    }
}
