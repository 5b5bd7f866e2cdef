//! What the verifier measures, once somebody reads it: how long verdicts take, and what is found in the cache. On the path of
//! each request a thread only adds to numbers of its own.

use std::{
    array,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::Verifier;
use crate::{
    key::Verdict,
    metrics::{Counter, FAST, Histogram, Sharded, Snapshot},
};

/// What is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Key,
    Token,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Key, Self::Token];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Token => "root_token",
        }
    }
}

/// What came of a look-up that the cache did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Found,
    Unknown,
    /// Known to exist nowhere, without asking the database.
    KnownUnknown,
    Throttled,
    Failed,
}

impl Outcome {
    pub const ALL: [Self; 5] = [Self::Found, Self::Unknown, Self::KnownUnknown, Self::Throttled, Self::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Unknown => "unknown",
            Self::KnownUnknown => "known_unknown",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
        }
    }
}

/// The verdicts, and one more for requests that could not be judged.
const VERDICTS: usize = Verdict::ALL.len() + 1;
/// The code of those.
pub const UNAVAILABLE: &str = "unavailable";

pub(super) struct Measures {
    is_on: AtomicBool,
    own: Sharded<OfThread>,
    look_ups: [[Counter; Outcome::ALL.len()]; Kind::ALL.len()],
    reads: Histogram,
}

struct OfThread {
    verdicts: [Histogram; VERDICTS],
    hits: [Counter; Kind::ALL.len()],
}

impl Default for Measures {
    fn default() -> Self {
        Self {
            is_on: AtomicBool::new(false),
            own: Sharded::new(|| OfThread {
                verdicts: array::from_fn(|_| Histogram::new(FAST)),
                hits: array::from_fn(|_| Counter::default()),
            }),
            look_ups: array::from_fn(|_| array::from_fn(|_| Counter::default())),
            reads: Histogram::new(FAST),
        }
    }
}

impl Measures {
    fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// The clock is read only if it is measured how long a verdict takes.
    pub(super) fn judged(&self, verdict: Option<Verdict>, took: impl FnOnce() -> Duration) {
        if self.is_on() {
            self.own.own().verdicts[verdict.map_or(VERDICTS - 1, |verdict| verdict as usize)].observe(took());
        }
    }

    pub(super) fn hit(&self, of: Kind) {
        if self.is_on() {
            self.own.own().hits[of as usize].increment();
        }
    }

    pub(super) fn looked_up(&self, of: Kind, outcome: Outcome) {
        self.look_ups[of as usize][outcome as usize].increment();
    }

    pub(super) fn read(&self, took: Duration) {
        self.reads.observe(took);
    }
}

/// What was measured up to now.
pub struct Measured {
    /// By code; only those that occurred.
    pub verdicts: Vec<(&'static str, Snapshot)>,
    pub hits: [(Kind, u64); Kind::ALL.len()],
    pub look_ups: Vec<(Kind, Outcome, u64)>,
    /// How long the database took to answer.
    pub reads: Snapshot,
}

impl Verifier {
    /// From here on verdicts and hits are measured.
    pub fn measure(&self) {
        self.measures.is_on.store(true, Ordering::Relaxed);
    }

    pub fn measured(&self) -> Measured {
        let Measures { own, look_ups, reads, .. } = &self.measures;
        let codes = Verdict::ALL.into_iter().map(Verdict::code).chain([UNAVAILABLE]);
        let verdicts = codes.enumerate().map(|(n, code)| {
            let mut sum = Snapshot::empty(FAST);
            own.all().for_each(|own| sum.add(&own.verdicts[n]));
            (code, sum)
        });
        let counted = |kind: Kind| {
            Outcome::ALL
                .into_iter()
                .map(move |outcome| (kind, outcome, look_ups[kind as usize][outcome as usize].get()))
        };
        Measured {
            verdicts: verdicts.filter(|(_, sum)| sum.count() > 0).collect(),
            hits: Kind::ALL.map(|kind| (kind, own.all().map(|own| own.hits[kind as usize].get()).sum())),
            look_ups: Kind::ALL.into_iter().flat_map(counted).collect(),
            reads: reads.snapshot(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_a_place_of_its_own() {
        for (n, verdict) in Verdict::ALL.into_iter().enumerate() {
            assert_eq!(verdict as usize, n, "{verdict:?}");
        }
        for (n, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, n, "{outcome:?}");
        }
    }

    #[test]
    fn nothing_is_measured_before_somebody_reads_it() {
        let measures = Measures::default();
        let counted = || measures.own.all().map(|own| own.verdicts[VERDICTS - 1].snapshot().count()).sum::<u64>();
        measures.judged(None, || panic!("the clock is not read"));
        assert_eq!(counted(), 0);
        measures.is_on.store(true, Ordering::Relaxed);
        measures.judged(None, || Duration::from_secs(3));
        assert_eq!(counted(), 1);
    }
}
