//! Whether this process still receives revocations. If not, it must not accept any key.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    Error, Result,
    clock::{Elapsed, since_boot},
    node::{Next, NodeLease, Renewal, TERMS, Terms},
};

/// How long a server that is alone on its database accepts keys after its last successful poll.
const ALONE: Terms = Terms { lease: Duration::from_secs(3), drift: Duration::ZERO };

/// The machine's clock for durations.
pub fn elapsed() -> Elapsed {
    Arc::new(since_boot)
}

pub struct Freshness {
    elapsed: Elapsed,
    terms: Terms,
    lease: Mutex<NodeLease>,
    /// No key is judged, whatever the lease says.
    is_held: AtomicBool,
    /// From when the lease counts, in microseconds and one more; 0 if there is none. Read for each verdict, without a lock.
    since: AtomicU64,
}

impl Freshness {
    /// Of a server that is alone: it has just read the revision.
    pub fn alone(elapsed: Elapsed, revision: i64) -> Self {
        let freshness = Self::new(elapsed, revision, ALONE);
        let sent_at = (freshness.elapsed)();
        freshness.renewed(Renewal { sent_at, acknowledged: revision, head: revision, timeline: 0 });
        freshness
    }

    /// Of one of several nodes, which judges nothing before its first renewal.
    pub fn of_node(elapsed: Elapsed, revision: i64) -> Self {
        Self::new(elapsed, revision, TERMS)
    }

    fn new(elapsed: Elapsed, revision: i64, terms: Terms) -> Self {
        Self {
            elapsed,
            terms,
            lease: Mutex::new(NodeLease::new(revision)),
            is_held: AtomicBool::new(false),
            since: AtomicU64::new(0),
        }
    }

    /// Up to which revision all changes are applied.
    pub fn revision(&self) -> i64 {
        self.lease().revision()
    }

    pub fn renewed(&self, renewal: Renewal) -> Next {
        self.change(|lease| lease.renewed(renewal))
    }

    pub fn applied(&self, revision: i64) {
        self.change(|lease| lease.applied(revision));
    }

    pub fn applied_own(&self, revision: i64) {
        self.change(|lease| lease.applied_own(revision));
    }

    pub fn read_all(&self, renewal: Renewal) {
        self.change(|lease| lease.read_all(renewal));
    }

    /// Judges no key from now on, or goes on under the lease.
    pub fn hold(&self, is_held: bool) {
        if self.is_held.swap(is_held, Ordering::SeqCst) != is_held {
            self.change(|_| {});
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut NodeLease) -> T) -> T {
        let mut lease = self.lease();
        let changed = change(&mut lease);
        let since = lease.since().filter(|_| !self.is_held.load(Ordering::SeqCst));
        self.since.store(since.map_or(0, |since| micros(since).saturating_add(1)), Ordering::SeqCst);
        changed
    }

    fn lease(&self) -> MutexGuard<'_, NodeLease> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long ago the renewal was sent that counts; `None` if there is none.
    pub fn age(&self) -> Option<Duration> {
        self.age_at((self.elapsed)())
    }

    fn age_at(&self, now: Duration) -> Option<Duration> {
        let since = self.since.load(Ordering::SeqCst).checked_sub(1)?;
        Some(Duration::from_micros(micros(now).saturating_sub(since)))
    }

    /// How long this process may judge keys if nothing is heard of the database any more.
    pub fn left(&self) -> Duration {
        self.age().map_or(Duration::ZERO, |age| self.terms.lease.saturating_sub(age))
    }

    pub fn check(&self) -> Result<()> {
        self.check_at((self.elapsed)())
    }

    /// The same for a caller who has just read the clock.
    pub fn check_at(&self, now: Duration) -> Result<()> {
        if self.age_at(now).is_none_or(|age| age >= self.terms.lease) {
            return Err(Error::Unavailable("this node has not heard of revocations for too long".to_owned()));
        }
        Ok(())
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    /// A clock that shows these milliseconds.
    fn clock() -> (Arc<AtomicU64>, Elapsed) {
        let shown = Arc::new(AtomicU64::new(10_000));
        let read = Arc::clone(&shown);
        (shown, Arc::new(move || Duration::from_millis(read.load(Ordering::SeqCst))))
    }

    fn renewal(sent_at: u64, head: i64) -> Renewal {
        Renewal { sent_at: Duration::from_millis(sent_at), acknowledged: 5, head, timeline: 1 }
    }

    #[test]
    fn a_server_that_is_alone_judges_for_three_seconds() {
        let (shown, elapsed) = clock();
        let freshness = Freshness::alone(elapsed, 5);
        assert!(freshness.check().is_ok());
        shown.store(12_999, Ordering::SeqCst);
        assert!(freshness.check().is_ok());
        shown.store(13_000, Ordering::SeqCst);
        assert!(freshness.check().is_err());
    }

    #[test]
    fn nothing_is_judged_while_it_is_held() {
        let (_, elapsed) = clock();
        let freshness = Freshness::alone(elapsed, 5);
        freshness.hold(true);
        assert!(freshness.check().is_err());
        freshness.renewed(Renewal { timeline: 0, ..renewal(10_000, 5) });
        assert!(freshness.check().is_err(), "a renewal does not end it");
        freshness.hold(false);
        assert!(freshness.check().is_ok());
    }

    #[test]
    fn a_node_judges_while_its_lease_holds() {
        let (shown, elapsed) = clock();
        let freshness = Freshness::of_node(elapsed, 5);
        assert!(freshness.check().is_err(), "it has not renewed yet");
        freshness.renewed(renewal(9_900, 6));
        assert!(freshness.check().is_err(), "it has not applied what it heard of");
        freshness.applied(6);
        assert!(freshness.check().is_ok());
        assert_eq!(freshness.left(), Duration::from_millis(900));
        shown.store(10_900, Ordering::SeqCst);
        assert!(freshness.check().is_err());
        freshness.renewed(renewal(9_900, 6));
        assert!(freshness.check().is_err(), "an answer that came late revives nothing");
    }
}
