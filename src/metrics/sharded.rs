//! Several copies of a measurement, so that threads do not write to the same memory.

use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads than this share copies.
const COPIES: usize = 16;

/// The processor fetches memory in pairs of lines of 64 bytes.
#[repr(align(128))]
struct Apart<T>(T);

/// A thread writes to its own copy; a reader adds all of them.
pub struct Sharded<T>(Box<[Apart<T>]>);

impl<T> Sharded<T> {
    pub fn new(copy: impl Fn() -> T) -> Self {
        Self((0..COPIES).map(|_| Apart(copy())).collect())
    }

    /// The copy of this thread.
    pub fn own(&self) -> &T {
        &self.0[number()].0
    }

    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|copy| &copy.0)
    }
}

fn number() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = THREADS.fetch_add(1, Ordering::Relaxed) % COPIES;
    }
    OWN.with(|own| *own)
}

#[cfg(test)]
mod tests {
    use super::{super::Counter, *};

    #[test]
    fn what_threads_add_is_found_by_a_reader() {
        let counters = Sharded::new(Counter::default);
        std::thread::scope(|scope| {
            for _ in 0..2 * COPIES {
                scope.spawn(|| (0..100).for_each(|_| counters.own().increment()));
            }
        });
        assert_eq!(counters.all().map(Counter::get).sum::<u64>(), 200 * COPIES as u64);
    }
}
