//! What a node decided while Redis did not answer.
//!
//! It knows nothing of what others used, so each limit counts as used up at the beginning: from then on the node lets through
//! its part of the limit's rate. What it let through is added in Redis when Redis is back.

use std::{
    collections::HashMap,
    mem,
    num::NonZeroU32,
    time::Duration,
};

use super::buckets::BucketAsk;
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

    /// What has to be added in Redis.
    pub fn take_charged(&mut self) -> HashMap<String, Owed> {
        mem::take(&mut self.charged)
    }

    /// After a failure, what was not added.
    pub fn put_back(&mut self, left: impl IntoIterator<Item = (String, Owed)>) {
        for (key, owed) in left {
            self.charged.entry(key).and_modify(|of| of.debt = (of.debt + owed.debt).min(of.per)).or_insert(owed);
        }
    }
}
