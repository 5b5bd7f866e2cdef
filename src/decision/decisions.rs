//! The decisions of all organizations: in memory, bounded, for a day. A restart forgets them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Decision, ring::Ring};
use crate::{
    Timestamp,
    id::{KeyId, OrgId, RequestId},
    key::Verdict,
};

/// For so long a decision can be read.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of all decisions together.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Organizations that have any.
const MOST_ORGS: usize = 2_000;
/// How often what is over is looked for.
const FORGET_EVERY: Duration = Duration::from_secs(10 * 60);

/// A decision that is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    pub decision: Arc<Decision>,
    /// How many like it (of this key, with this verdict) came after it and were not kept.
    pub left_out: u64,
    /// Counts up: those of one moment have an order too.
    pub(super) place: u64,
}

pub struct Decisions {
    rings: Mutex<Rings>,
    most_bytes: usize,
    most_orgs: usize,
}

#[derive(Default)]
struct Rings {
    of_org: HashMap<OrgId, Ring>,
    weight: usize,
    /// How many were ever kept.
    count: u64,
    forgot_at: Option<Timestamp>,
}

impl Default for Decisions {
    fn default() -> Self {
        Self::of_at_most(MOST_BYTES, MOST_ORGS)
    }
}

impl Decisions {
    pub(super) fn of_at_most(most_bytes: usize, most_orgs: usize) -> Self {
        Self { rings: Mutex::default(), most_bytes, most_orgs }
    }

    fn lock(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a decision of that kind is to be kept. Asked before one is made, so that a flood costs little.
    pub fn admits(&self, org: &OrgId, key: &KeyId, verdict: Verdict, now: Timestamp) -> bool {
        self.lock().of_org.get_mut(org).is_none_or(|ring| ring.admits(key, verdict, now))
    }

    pub fn keep(&self, decision: Decision) {
        let decision = Arc::new(decision);
        let mut rings = self.lock();
        if !rings.of_org.contains_key(decision.org_id()) && rings.of_org.len() >= self.most_orgs {
            rings.drop_quietest();
        }
        rings.keep(decision);
        while rings.weight > self.most_bytes && rings.shrink_largest() {}
    }

    /// What is kept of an organization, newest first.
    pub fn of_org(&self, org: &OrgId, now: Timestamp) -> Vec<Kept> {
        self.lock().of_org.get(org).map(|ring| ring.list(now)).unwrap_or_default()
    }

    pub fn find(&self, org: &OrgId, id: &RequestId, now: Timestamp) -> Option<Kept> {
        self.lock().of_org.get(org).and_then(|ring| ring.find(id, now))
    }

    /// Drops what was kept long enough. Run by a worker.
    pub fn forget(&self, now: Timestamp) {
        let mut rings = self.lock();
        if rings.forgot_at.is_some_and(|at| now.since(at) < FORGET_EVERY && at <= now) {
            return;
        }
        rings.forgot_at = Some(now);
        rings.forget(now);
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        let rings = self.lock();
        assert_eq!(rings.weight, rings.of_org.values().map(Ring::weight).sum::<usize>());
        assert!(rings.of_org.values().all(|ring| !ring.is_empty()));
        (rings.of_org.len(), rings.weight)
    }
}

impl Rings {
    fn keep(&mut self, decision: Arc<Decision>) {
        let place = self.count;
        self.count += 1;
        let ring = self.of_org.entry(decision.org_id().clone()).or_default();
        let before = ring.weight();
        ring.keep(decision, place);
        self.weight = self.weight - before + ring.weight();
    }

    /// Drops the organization whose last decision is the oldest.
    fn drop_quietest(&mut self) {
        let quietest = self.of_org.iter().min_by_key(|(_, ring)| ring.newest()).map(|(org, _)| org.clone());
        if let Some(ring) = quietest.and_then(|org| self.of_org.remove(&org)) {
            self.weight -= ring.weight();
        }
    }

    /// Takes a quarter of what the largest has, so that this is not done for each decision.
    fn shrink_largest(&mut self) -> bool {
        let largest = self.of_org.iter().max_by_key(|(_, ring)| ring.weight()).map(|(org, _)| org.clone());
        let Some(org) = largest else { return false };
        let Some(ring) = self.of_org.get_mut(&org) else { return false };
        let before = ring.weight();
        while !ring.is_empty() && ring.weight() > before / 4 * 3 {
            ring.make_room();
        }
        self.weight = self.weight - before + ring.weight();
        if ring.is_empty() {
            self.of_org.remove(&org);
        }
        true
    }

    fn forget(&mut self, now: Timestamp) {
        let weight = &mut self.weight;
        self.of_org.retain(|_, ring| {
            *weight -= ring.weight();
            ring.forget(now);
            *weight += ring.weight();
            !ring.is_empty()
        });
    }
}
