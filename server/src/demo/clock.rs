//! A clock set to the current point of the demo's history.

use std::sync::atomic::{AtomicI64, Ordering};

use sallyport::{Clock, Timestamp};

pub struct StoryClock(AtomicI64);

impl StoryClock {
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.micros()))
    }

    pub fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
