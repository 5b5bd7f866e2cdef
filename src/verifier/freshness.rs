//! Whether this process still receives revocations. If not, it must not accept any key.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{Error, Result, clock::Elapsed, store::LEASE};

/// The machine's monotonic clock.
pub fn elapsed() -> Elapsed {
    let started = Instant::now();
    Arc::new(move || started.elapsed())
}

pub struct Freshness {
    elapsed: Elapsed,
    /// In milliseconds, as `now` counts them; 0 is always too long ago.
    seen: AtomicU64,
}

impl Freshness {
    pub fn new(elapsed: Elapsed) -> Self {
        let freshness = Self { elapsed, seen: AtomicU64::new(0) };
        freshness.seen(freshness.now());
        freshness
    }

    /// In milliseconds, from a start longer ago than any lease.
    pub fn now(&self) -> u64 {
        u64::try_from(((self.elapsed)() + LEASE).as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// The database answered a query that was sent at `asked_at`.
    pub fn seen(&self, asked_at: u64) {
        self.seen.fetch_max(asked_at, Ordering::SeqCst);
    }

    /// Another server took over: no more changes are received, without waiting for a lease to end.
    pub fn lost(&self) {
        self.seen.store(0, Ordering::SeqCst);
    }

    /// How long ago the database last answered.
    pub fn age(&self) -> Duration {
        Duration::from_millis(self.now().saturating_sub(self.seen.load(Ordering::SeqCst)))
    }

    pub fn check(&self) -> Result<()> {
        if self.age() > LEASE {
            return Err(Error::Unavailable("this node has not heard of revocations for too long".to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_was_superseded_is_stale_at_once() {
        let freshness = Freshness::new(Arc::new(|| Duration::ZERO));
        assert!(freshness.check().is_ok());
        freshness.lost();
        assert!(freshness.check().is_err());
        freshness.seen(freshness.now());
        assert!(freshness.check().is_ok());
    }
}
