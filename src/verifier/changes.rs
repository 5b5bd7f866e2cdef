//! Keeps the caches consistent with the database: each node follows all changes, drops what they name and keeps the
//! rest. The existing digests are known from the start, so that clients who try unknown keys can't block valid ones.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::timeout;

use crate::{
    Result,
    key::Digest,
    node::Next,
    store::{Added, Change, Touched},
};

use super::{Verifier, shared_state::UnknownKeys};

/// How often a poll goes on because of changes that were committed in the meantime.
const ROUNDS: usize = 16;

/// How long an acknowledgement waits for the journal of this node, which goes on afterwards.
const JOURNAL: Duration = Duration::from_millis(200);

impl Verifier {
    /// Reads the existing digests, in pages.
    pub(super) async fn read_known(&self) -> Result<()> {
        self.unknown_tokens().add(&self.store.token_digests().await?);
        let mut last = None;
        loop {
            let page = self.store.key_digests(last.as_ref()).await?;
            self.unknown().add(&page);
            last = page.last().copied();
            if last.is_none() {
                return Ok(());
            }
        }
    }

    /// Applies a change of this process, before its response. If earlier changes of others are still missing, the
    /// next poll reads all of them.
    pub(super) fn apply_own(&self, change: &Change) {
        self.apply(change);
        self.freshness.applied_own(change.revision);
    }

    /// Polls for changes of other processes, and applies them. A node renews its lease with that, and acknowledges what it
    /// applied at once: whoever committed it waits for that. Called by a worker.
    pub async fn poll(&self) -> Result<()> {
        self.freshness.hold(self.store.quarantine().is_some());
        for _ in 0..ROUNDS {
            let renewal = self.store.poll(self.freshness.revision(), &*self.elapsed).await?;
            match self.freshness.renewed(renewal) {
                Next::Nothing => return self.read_missed_tokens().await,
                Next::CatchUp { after } => self.catch_up(after, renewal.head).await?,
                Next::ReadAll => {
                    tracing::warn!(
                        revision = renewal.head,
                        "the database is not the one from before, or lost changes; everything is read again"
                    );
                    // Connections may still lead to the one from before.
                    self.store.distrust_connections();
                    self.flushed.reset(&self.store);
                    self.forget_everything();
                    // Before anything is judged by what it says.
                    let is_doubted = self.store.doubts_database().await?;
                    self.freshness.hold(is_doubted || self.store.quarantine().is_some());
                    self.freshness.read_all(renewal);
                }
            }
            if !self.store.is_node() {
                break;
            }
        }
        self.read_missed_tokens().await
    }

    /// Applies changes after a revision: all, or as many as are read at once. If some are no longer kept, everything cached
    /// may have changed.
    async fn catch_up(&self, after: i64, head: i64) -> Result<()> {
        let last = match self.store.changes_since(after).await? {
            Some(changes) => {
                changes.iter().for_each(|change| self.apply(change));
                // Before they are acknowledged. A disk that hangs must not end the lease.
                let _ = timeout(JOURNAL, self.store.journal(&changes)).await;
                changes.last().map_or(head, |change| change.revision)
            }
            None => {
                self.forget_everything();
                let lines = self.store.journal_lines(after).await?;
                let _ = timeout(JOURNAL, self.store.journal_again(&lines)).await;
                head
            }
        };
        self.freshness.applied(last);
        Ok(())
    }

    /// Keys and root tokens may have been created, too.
    fn forget_everything(&self) {
        self.forget_all();
        self.unknown().forget_unknown();
        self.unknown_tokens().forget_unknown();
        self.missed_tokens.store(true, Ordering::SeqCst);
        self.shapes.outdated();
    }

    /// Root tokens created in the meantime are looked up however busy the verifier is. New keys are found within the
    /// limits for unknown keys.
    async fn read_missed_tokens(&self) -> Result<()> {
        if self.missed_tokens.load(Ordering::SeqCst) {
            self.unknown_tokens().add(&self.store.token_digests().await?);
            self.missed_tokens.store(false, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Applying a change twice has no further effect.
    fn apply(&self, change: &Change) {
        for added in &change.added {
            match added {
                Added::Secret(digest) => self.unknown().add([digest]),
                Added::Token(digest) => self.unknown_tokens().add([digest]),
                Added::Import => self.shapes.outdated(),
            }
        }
        match &change.touched {
            Touched::These(digests) if digests.is_empty() => {}
            Touched::These(digests) => self.forget(digests),
            Touched::Everything => self.forget_all(),
        }
    }

    fn forget(&self, digests: &[Digest]) {
        self.keys.forget(digests);
        self.tokens.forget(digests);
    }

    fn forget_all(&self) {
        self.keys.forget_all();
        self.tokens.forget_all();
    }
}
