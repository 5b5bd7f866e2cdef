//! How long something took, counted in buckets.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Upper bounds in microseconds, for what is answered from memory.
pub const FAST: &[u64] =
    &[5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 250_000, 1_000_000];
/// The same for what waits for the database or other servers.
pub const SLOW: &[u64] = &[
    100, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000, 30_000_000,
];

/// The most bounds of a histogram.
const MOST: usize = 16;

/// Counts durations. A reader may see one of them in a bucket and not yet in the sum.
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what is longer. Not on the heap, where those of two threads could share a cache line.
    counts: [AtomicU64; MOST + 1],
    nanos: AtomicU64,
}

impl Histogram {
    pub fn new(bounds: &'static [u64]) -> Self {
        assert!(bounds.len() <= MOST, "a histogram has at most {MOST} bounds");
        Self { bounds, counts: array::from_fn(|_| AtomicU64::new(0)), nanos: AtomicU64::new(0) }
    }

    pub fn observe(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = self.bounds.iter().position(|bound| nanos <= bound * 1_000).unwrap_or(self.bounds.len());
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::empty(self.bounds);
        snapshot.add(self);
        snapshot
    }
}

/// What histograms contained at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub bounds: &'static [u64],
    /// Of each bucket alone, not of those below it.
    pub counts: Vec<u64>,
    pub nanos: u64,
}

impl Snapshot {
    pub fn empty(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1], nanos: 0 }
    }

    /// Adds a histogram with the same bounds.
    pub fn add(&mut self, histogram: &Histogram) {
        for (sum, count) in self.counts.iter_mut().zip(&histogram.counts) {
            *sum += count.load(Ordering::Relaxed);
        }
        self.nanos = self.nanos.wrapping_add(histogram.nanos.load(Ordering::Relaxed));
    }

    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::new(&[10, 100]);
        for micros in [1, 10, 11, 100, 101, 5_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        let snapshot = histogram.snapshot();
        assert_eq!((snapshot.counts.as_slice(), snapshot.count()), ([2, 2, 2].as_slice(), 6));
        assert_eq!(snapshot.nanos, 5_000_223_000);
    }

    #[test]
    fn bounds_grow() {
        for bounds in [FAST, SLOW] {
            assert!(bounds.is_sorted_by(|a, b| a < b), "{bounds:?}");
        }
    }
}
