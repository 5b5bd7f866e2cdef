//! Measurements of a running server, for Prometheus: counters and histograms that threads add to without waiting for each
//! other, and the text in which they are read.
//!
//! The libraries for this look a counter up by its labels behind a lock, which costs a verification more than everything here.
//! The text format is a page long.

mod histogram;
mod sharded;
mod text;

pub use histogram::{FAST, Histogram, SLOW, Snapshot};
pub use sharded::Sharded;
pub use text::{Kind, Labels, Text};

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn increment(&self) {
        self.add(1);
    }

    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
