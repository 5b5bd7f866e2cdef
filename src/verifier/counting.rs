//! Counts every verification in memory, and adds the counts to the database every two seconds.

mod backlog;
mod recent;
mod recorder;
mod secrets;
mod tally;
#[cfg(test)]
mod tests;
mod unknown;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::timeout;

use crate::{
    Result, Timestamp,
    key::{Ask, KeyRecord, Verdict, verdict::Via},
    request::Client,
    store::Store,
    usage::{Outcome, SecretUse, attributes},
};

use super::{Judged, Verifier, flushed::Collected};
use backlog::Backlog;
use recent::{RecentRequests, Seen};
use recorder::Recorder;
use secrets::SecretTally;
use unknown::{Source, UnknownCounts};

/// How long a reader waits for what was counted in the last seconds to be written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// The counts of a process.
pub(super) struct Counting {
    is_off: AtomicBool,
    recorder: Recorder,
    recent: RecentRequests,
    unknown: UnknownCounts,
    secrets: SecretTally,
    /// How many batches were written.
    written: AtomicU64,
    /// How many flushes began.
    begun: AtomicU64,
    /// What is being written. Held by the flush.
    backlog: tokio::sync::Mutex<Backlog>,
    /// Up to when all was written.
    as_of: Mutex<Timestamp>,
}

impl Counting {
    /// For up to as many keys at once as the verifier caches.
    pub(super) fn new(capacity: usize, started: Timestamp) -> Self {
        Self {
            is_off: AtomicBool::default(),
            recorder: Recorder::new(capacity),
            recent: RecentRequests::default(),
            unknown: UnknownCounts::default(),
            secrets: SecretTally::new(capacity),
            written: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            backlog: tokio::sync::Mutex::default(),
            as_of: Mutex::new(started),
        }
    }

    /// Adds what was counted until now to the database. If that fails, it is kept for the next time; a batch that
    /// arrived nevertheless is recognized then. May be cancelled at any time. Callers that wait for the same flush share it.
    async fn flush(&self, store: &Store) -> Result<()> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut backlog = self.backlog.lock().await;
        if backlog.flushed > begun {
            return Ok(());
        }
        let this = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        // What an earlier flush left: in the meantime, further requests are only counted in the bounded memory of the
        // recorder.
        backlog.write(store, &self.written).await?;
        let now = store.now();
        backlog.add(self.recorder.take(now), self.unknown.take(), self.secrets.take());
        backlog.write(store, &self.written).await?;
        backlog.flushed = this;
        *self.as_of.lock().unwrap_or_else(PoisonError::into_inner) = now;
        self.recent.flush(store, &mut backlog.requests).await
    }

    fn as_of(&self) -> Timestamp {
        *self.as_of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verifier {
    /// Counts a verdict: of its key, or else of who sent an unknown one.
    pub(super) fn count(&self, judged: &Judged, ask: &Ask<'_>, client: &Client, now: Timestamp) {
        let Counting { is_off, recorder, recent, unknown, .. } = &self.counting;
        if is_off.load(Ordering::Relaxed) {
            return;
        }
        match judged.record() {
            Some(key) => {
                let profile = self.store.profile();
                let outcome = Outcome::of(judged.verdict, ask, profile);
                if let Some(left_out) = recorder.count(key, outcome, attributes(ask, client), now, recent.room()) {
                    let scope = outcome.scope(profile);
                    let verdict = judged.verdict;
                    recent.add(Seen { key, verdict, scope, ask, client, at: now, left_out }, profile);
                }
            }
            None => {
                let source = match (ask.token, ask.via) {
                    (Some(token), _) => Source::Token(token),
                    (None, Via::Gateway | Via::Backend { .. }) => Source::Gateway(client.peer),
                };
                unknown.count(source, judged.verdict, now);
            }
        }
    }

    /// Counts a use of a secret, while its key is rotated.
    pub(super) fn count_secret(
        &self,
        key: &KeyRecord,
        verdict: Verdict,
        ask: &Ask<'_>,
        client: &Client,
        now: Timestamp,
    ) {
        if key.counts_by_secret(now) && !self.counting.is_off.load(Ordering::Relaxed) {
            let of = SecretUse::of(verdict.is_valid(), &attributes(ask, client));
            self.counting.secrets.count(key, of, now);
        }
    }

    /// Adds what was counted until now to the database.
    pub async fn flush_counts(&self) -> Result<()> {
        let noted = self.noted_up_to().await;
        self.counting.flush(&self.store).await?;
        if !self.missed_secrets() {
            self.wrote(Collected::Counts, noted);
        }
        Ok(())
    }

    /// The same for a reader, who does not wait for long: if the database is busy, what is read is a little older.
    pub async fn flush_counts_briefly(&self) {
        let _ = timeout(WRITTEN_WITHIN, self.flush_counts()).await;
    }

    /// Grows as long as counts are being written.
    pub fn batches_written(&self) -> u64 {
        self.counting.written.load(Ordering::Relaxed)
    }

    /// Up to when everything that this process counted is in the database.
    pub fn counted_until(&self) -> Timestamp {
        self.counting.as_of()
    }

    /// From here on nothing is counted.
    pub fn count_nothing(&self) {
        self.counting.is_off.store(true, Ordering::Relaxed);
    }

    /// Whether there were uses of a key's secrets that could not be counted.
    pub(super) fn missed_secrets(&self) -> bool {
        self.counting.is_off.load(Ordering::Relaxed) || self.counting.secrets.has_overflowed()
    }
}
