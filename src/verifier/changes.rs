//! What is remembered, in step with the database: every node hears of each change, drops what it names and keeps the rest.
//! What is somebody's is known from the start, so that strangers who try keys keep nobody out who has one.

use std::sync::{MutexGuard, PoisonError, atomic::Ordering};

use crate::{
    Error, Result,
    key::Digest,
    store::{Added, Change, Heard, Touched},
};

use super::{Verifier, shared_state::UnknownKeys};

impl Verifier {
    /// Reads what is somebody's, in pages.
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

    /// Takes in a change of this process, before it is answered. Where others come before it that this has not heard of
    /// yet, the next poll reads them all.
    pub(super) fn apply_own(&self, change: &Change) {
        self.apply(change);
        let mut known = self.known();
        if change.revision == *known + 1 {
            *known = change.revision;
        }
    }

    /// Asks the database whether another process changed something, and whether this is still the one server. Run by a
    /// worker.
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

    /// Takes in all changes up to that revision at least. Where some are not kept any more, all that is remembered may have
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

    /// Whoever floods the verifier, the root tokens that were made meanwhile are looked up. Keys that were are found within
    /// the limits of those that nobody knows.
    async fn read_missed_tokens(&self) -> Result<()> {
        if self.missed_tokens.load(Ordering::SeqCst) {
            self.unknown_tokens().add(&self.store.token_digests().await?);
            self.missed_tokens.store(false, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Twice is once.
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
