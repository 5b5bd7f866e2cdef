//! When a key was last accepted, and whether that still has to be written: one word, since there is one for each
//! cached key.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::Timestamp;

/// Microseconds times two; odd while they wait to be written.
pub struct LastUsed(AtomicI64);

const NEVER: i64 = i64::MIN;
const WAITS: i64 = 1;

impl LastUsed {
    pub fn new(at: Option<Timestamp>) -> Self {
        Self(AtomicI64::new(at.map_or(NEVER, |at| at.micros() << 1)))
    }

    /// Whether it was never accepted.
    pub fn is_unused(&self) -> bool {
        self.0.load(Ordering::Relaxed) == NEVER
    }

    /// Records a use. Returns whether it has to be collected for writing, and if so whether it is the first one ever.
    pub fn note(&self, now: Timestamp) -> Option<bool> {
        let now = now.micros() << 1 | WAITS;
        let before = self.0.fetch_max(now, Ordering::AcqRel);
        (before & WAITS == 0 && before < now).then_some(before == NEVER)
    }

    /// It is about to be written: later uses are collected again.
    pub fn take(&self) {
        self.0.fetch_and(!WAITS, Ordering::AcqRel);
    }

    /// It could not be written. Returns whether it has to be collected again.
    pub fn put_back(&self) -> bool {
        self.0.fetch_or(WAITS, Ordering::AcqRel) & WAITS == 0
    }

    pub fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Acquire) >> 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_gathered_once_until_it_is_taken() {
        let at = Timestamp::from_seconds;
        let used = LastUsed::new(None);
        assert_eq!(used.note(at(10)), Some(true), "the first ever");
        assert_eq!(used.note(at(12)), None, "waits already");
        assert_eq!(used.note(at(11)), None);
        assert_eq!(used.at(), at(12));
        used.take();
        assert_eq!(used.note(at(11)), None, "a clock that was set back tells nothing new");
        assert_eq!(used.note(at(12)), Some(false), "a use since it was taken");
        used.take();
        assert!(used.put_back());
        assert!(!used.put_back(), "waits already");
        assert_eq!((used.at(), used.note(at(13))), (at(12), None));
        assert_eq!(LastUsed::new(Some(at(5))).note(at(6)), Some(false));
    }
}
