//! Whether this process still hears of revocations. If not, it may not call any key good.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sallyport::{Error, Result, clock::Elapsed};

/// Twelve polls that failed or hung in a row.
const STALE: Duration = Duration::from_secs(3);

/// The machine's.
pub fn elapsed() -> Elapsed {
    let started = Instant::now();
    Arc::new(move || started.elapsed())
}

pub struct Freshness {
    elapsed: Elapsed,
    /// Milliseconds.
    seen: AtomicU64,
}

impl Freshness {
    pub fn new(elapsed: Elapsed) -> Self {
        let freshness = Self { elapsed, seen: AtomicU64::new(0) };
        freshness.seen(freshness.now());
        freshness
    }

    pub fn now(&self) -> u64 {
        u64::try_from((self.elapsed)().as_millis()).unwrap_or(u64::MAX)
    }

    /// The database answered a question that was asked at `asked_at`.
    pub fn seen(&self, asked_at: u64) {
        self.seen.fetch_max(asked_at, Ordering::SeqCst);
    }

    pub fn check(&self) -> Result<()> {
        let age = self.now().saturating_sub(self.seen.load(Ordering::SeqCst));
        if u128::from(age) > STALE.as_millis() {
            return Err(Error::Unavailable("this node has not heard of revocations for too long".to_owned()));
        }
        Ok(())
    }
}
