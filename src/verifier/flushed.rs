//! Writes what was collected in memory, and says up to which change it is written: other nodes ask for that before they replace
//! a secret that nobody used.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use tokio::time::sleep;

use super::{AT_ONCE, Verifier};
use crate::{Result, store::Store};

/// How often a flush looks whether no request is in progress, and the time between. If there is always one, the next flush may know.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(2);

/// What is collected in memory, and written by a flush of its own.
#[derive(Clone, Copy)]
pub(super) enum Collected {
    Uses,
    Counts,
}

#[derive(Default)]
pub(super) struct Flushed([AtomicI64; 2]);

impl Flushed {
    /// The database lost changes: those up to which uses were written may have other numbers now.
    pub(super) fn reset(&self, store: &Store) {
        self.0.iter().for_each(|flushed| flushed.store(0, Ordering::SeqCst));
        store.flushed_up_to(0);
    }
}

impl Verifier {
    /// Writes everything that was collected since the last call.
    pub async fn flush(&self) -> Result<()> {
        let uses = self.flush_uses().await;
        uses.and(self.flush_counts().await)
    }

    /// Writes the uses and refusals since the last call. Called by a worker, as is [`Self::flush_counts`].
    pub async fn flush_uses(&self) -> Result<()> {
        let noted = self.noted_up_to().await;
        let _flushing = self.flushing.lock().await;
        let now = self.store.now();
        self.decisions.forget(now);
        let mut waiting = self.usage.take(now);
        let mut written = Ok(());
        while let Some(part) = waiting.part(AT_ONCE) {
            written = self.store.record_usage(part.used(), part.refused()).await;
            if written.is_err() {
                self.usage.put_back(part);
                break;
            }
        }
        self.usage.put_back(waiting);
        if written.is_ok() {
            self.wrote(Collected::Uses, noted);
        }
        // Separately, so that a failure of one does not affect the other.
        let days = self.flush_days().await;
        let tokens = self.flush_tokens().await;
        written.and(days).and(tokens)
    }

    async fn flush_tokens(&self) -> Result<()> {
        let uses = self.token_uses.take();
        let written = self.store.record_token_uses(uses.clone()).await;
        if written.is_err() {
            self.token_uses.put_back(uses);
        }
        written
    }

    /// A revision before whose change no use is noted from now on: requests that were judged without it have noted theirs.
    /// `None` if that is not known, or not new.
    pub(super) async fn noted_up_to(&self) -> Option<i64> {
        let revision = self.freshness.revision();
        let is_new = self.flushed.0.iter().any(|flushed| flushed.load(Ordering::SeqCst) != revision);
        if !self.store.is_node() || !is_new {
            return None;
        }
        // Not by waiting for the lock: requests would wait behind this, as long as one of them waits for Redis.
        for _ in 0..TRIES {
            if self.replacing.try_write().is_ok() {
                return Some(revision);
            }
            sleep(PAUSE).await;
        }
        None
    }

    /// What was collected up to then is in the database. The next renewal says so.
    pub(super) fn wrote(&self, what: Collected, noted: Option<i64>) {
        let Some(revision) = noted else { return };
        self.flushed.0[what as usize].store(revision, Ordering::SeqCst);
        let of_both = self.flushed.0.iter().map(|flushed| flushed.load(Ordering::SeqCst)).min();
        self.store.flushed_up_to(of_both.unwrap_or(0));
    }
}
