//! What a node decided while Redis did not answer.
//!
//! It knows nothing of what others used, so each limit counts as used up at the beginning: from then on the node lets through
//! its part of the limit's rate. What it let through is added in Redis when Redis is back.

use std::{collections::HashMap, num::NonZeroU32, time::Duration};

use super::bucket::BucketAsk;
use crate::limit::{Bucket, Kind, Rate};

#[derive(Default)]
pub(super) struct Outage {
    /// When it began, by the monotonic clock; `None` while Redis answers.
    since: Option<Duration>,
    buckets: HashMap<String, Bucket>,
    /// In microseconds of the whole limit, and its window.
    charged: HashMap<String, Owed>,
}

/// What has to be added to a limit in Redis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Owed {
    pub part: super::names::Part,
    pub debt: f64,
    pub per: f64,
}

impl Outage {
    /// Judges by this node's part of the limits; all are charged, or none.
    pub fn charge(&mut self, asks: &[BucketAsk], nodes: NonZeroU32, now: Duration) -> Vec<(bool, Rate)> {
        let since = *self.since.get_or_insert(now);
        let judged: Vec<_> = asks
            .iter()
            .map(|ask| {
                let own = ask.limit.of_one_in(nodes);
                let bucket = self.buckets.get(&ask.key).copied().unwrap_or_else(|| Bucket::used_up(own, since));
                let (after, passes, rate) = bucket.charge(Kind::Minute, own, ask.wanted_cost(), now);
                (if ask.charged > 0 { after } else { bucket }, passes, rate)
            })
            .collect();
        if judged.iter().all(|(_, passes, _)| *passes) {
            for (ask, (after, ..)) in asks.iter().zip(&judged).filter(|(ask, _)| ask.charged > 0) {
                self.buckets.insert(ask.key.clone(), *after);
                let owed = Owed { part: ask.part, debt: 0.0, per: ask.per_micros() };
                let owed = self.charged.entry(ask.key.clone()).or_insert(owed);
                owed.debt = (owed.debt + ask.charged as f64 * ask.unit_micros()).min(owed.per);
            }
        }
        judged.into_iter().map(|(_, passes, rate)| (passes, rate)).collect()
    }

    /// Redis answers: from now on the whole limits apply.
    pub fn end(&mut self) {
        self.since = None;
        self.buckets = HashMap::new();
    }

    /// What has to be added in Redis, of so many limits.
    pub fn take_charged(&mut self, most: usize) -> Vec<(String, Owed)> {
        let keys: Vec<_> = self.charged.keys().take(most).cloned().collect();
        keys.into_iter().filter_map(|key| self.charged.remove_entry(&key)).collect()
    }

    /// After a failure, what was not added.
    pub fn put_back(&mut self, left: impl IntoIterator<Item = (String, Owed)>) {
        for (key, owed) in left {
            self.charged.entry(key).and_modify(|of| of.debt = (of.debt + owed.debt).min(of.per)).or_insert(owed);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limit::Limit;

    fn ask(key: &str, requests: u32) -> BucketAsk {
        let limit = Limit::per_minute(NonZeroU32::new(requests).expect("not zero"));
        BucketAsk { key: key.to_owned(), part: Default::default(), limit, wanted: 1, charged: 1, extra: 0, spare: 0 }
    }

    proptest! {
        /// Whatever the limit and the number of nodes: all together let through what refills since the beginning, and no burst.
        #[test]
        fn all_nodes_together_keep_to_the_rate(requests in 1..10_000_u32, nodes in 1..7_u32, seconds in 1..300_u64) {
            let count = NonZeroU32::new(nodes).expect("not zero");
            let mut passed = 0;
            for _ in 0..nodes {
                let mut outage = Outage::default();
                let asks = [ask("limit", requests)];
                prop_assert!(!outage.charge(&asks, count, Duration::ZERO)[0].0, "no burst at the beginning");
                for tenth in 1..=seconds * 10 {
                    let now = Duration::from_millis(tenth * 100);
                    while outage.charge(&asks, count, now)[0].0 {
                        passed += 1;
                    }
                }
            }
            prop_assert!(passed <= u64::from(requests) * seconds / 60 + 1, "{passed}");
        }
    }

    #[test]
    fn what_passed_is_owed_and_a_refused_request_is_not() {
        let mut outage = Outage::default();
        let both = [ask("fast", 600), ask("slow", 1)];
        outage.charge(&both, NonZeroU32::MIN, Duration::ZERO);
        assert!(outage.charge(&both[..1], NonZeroU32::MIN, Duration::from_secs(1))[0].0);
        let verdicts = outage.charge(&both, NonZeroU32::MIN, Duration::from_secs(1));
        assert_eq!(verdicts.iter().map(|(passes, _)| *passes).collect::<Vec<_>>(), [true, false]);
        outage.end();
        assert!(outage.take_charged(0).is_empty());
        let owed = outage.take_charged(9);
        assert_eq!(owed.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["fast"]);
        assert!((owed[0].1.debt - 100_000.0).abs() < 1.0, "a tenth of a second");
        outage.put_back(owed);
        assert_eq!((outage.take_charged(9).len(), outage.take_charged(9).len()), (1, 0));
    }
}
