//! Keeps the caches consistent with the database: each node follows all changes, drops what they name and keeps the
//! rest. The existing digests are known from the start, so that clients who try unknown keys can't block valid ones.

use std::sync::{MutexGuard, PoisonError, atomic::Ordering};

use crate::{
    Error, Result,
    key::Digest,
    store::{Added, Change, Heard, Touched},
};

use super::{Verifier, shared_state::UnknownKeys};

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
        let mut known = self.known();
        if change.revision == *known + 1 {
            *known = change.revision;
        }
    }

    /// Polls for changes of other processes, and for whether this is still the serving process. Called by a worker.
    pub async fn poll(&self) -> Result<()> {
        let asked_at = self.freshness.now();
        match self.store.hear().await? {
            Heard::Revision(revision) => self.catch_up(revision).await?,
            Heard::Superseded => {
                self.freshness.lost();
                return Err(Error::Unavailable("another server took over this database".to_owned()));
            }
        }
        self.freshness.seen(asked_at);
        self.read_missed_tokens().await
    }

    /// Applies all changes up to at least that revision. If some are no longer kept, everything cached may have
    /// changed.
    async fn catch_up(&self, revision: i64) -> Result<()> {
        let known = *self.known();
        if revision <= known {
            return Ok(());
        }
        let last = match self.store.changes_since(known).await? {
            Some(changes) => {
                changes.iter().for_each(|change| self.apply(change));
                changes.last().map_or(revision, |change| change.revision)
            }
            None => {
                self.forget_all();
                self.unknown().forget_nobodys();
                self.unknown_tokens().forget_nobodys();
                self.missed_tokens.store(true, Ordering::SeqCst);
                revision
            }
        };
        let mut known = self.known();
        *known = last.max(*known);
        Ok(())
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

    fn known(&self) -> MutexGuard<'_, i64> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
