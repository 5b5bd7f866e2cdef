//! The decisions of all organizations: in memory, bounded, for a day. A restart clears them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Decision, kept::KeptDecision, ring::Ring};
use crate::{
    Timestamp,
    id::{KeyId, OrgId, RequestId},
    key::Verdict,
};

/// The maximum size of all decisions, in bytes.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// The maximum number of organizations with decisions.
const MOST_ORGS: usize = 2_000;
/// How often expired decisions are removed.
const FORGET_EVERY: Duration = Duration::from_secs(10 * 60);

pub struct Decisions {
    rings: Mutex<Rings>,
    most_bytes: usize,
    most_orgs: usize,
}

#[derive(Default)]
struct Rings {
    of_org: HashMap<OrgId, Ring>,
    /// The organizations by newest decision and by size: scanning all of them would delay every refusal.
    by_newest: BTreeMap<u64, OrgId>,
    by_weight: BTreeSet<(usize, OrgId)>,
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

    /// Whether a decision of that kind is to be kept. Checked before creating one, so that a flood is cheap.
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

    /// The decisions of an organization, newest first.
    pub fn of_org(&self, org: &OrgId, now: Timestamp) -> Vec<KeptDecision> {
        self.lock().of_org.get(org).map(|ring| ring.list(now)).unwrap_or_default()
    }

    pub fn find(&self, org: &OrgId, id: &RequestId, now: Timestamp) -> Option<KeptDecision> {
        self.lock().of_org.get(org).and_then(|ring| ring.find(id, now))
    }

    /// Removes expired decisions. Called by a worker.
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
        assert_eq!((rings.by_newest.len(), rings.by_weight.len()), (rings.of_org.len(), rings.of_org.len()));
        for (org, ring) in &rings.of_org {
            assert_eq!(rings.by_newest.get(&ring.newest()), Some(org));
            assert!(rings.by_weight.contains(&(ring.weight(), org.clone())));
        }
        assert!(rings.of_org.values().all(|ring| !ring.is_empty()));
        (rings.of_org.len(), rings.weight)
    }
}

impl Rings {
    fn keep(&mut self, decision: Arc<Decision>) {
        let place = self.count;
        self.count += 1;
        let org = decision.org_id().clone();
        let mut ring = self.take(&org).unwrap_or_default();
        ring.keep(decision, place);
        self.put(org, ring);
    }

    /// Removes the organization whose latest decision is the oldest.
    fn drop_quietest(&mut self) {
        if let Some((_, org)) = self.by_newest.pop_first() {
            drop(self.take(&org));
        }
    }

    /// Removes a quarter of the largest organization's decisions, so that this does not happen for each new one.
    fn shrink_largest(&mut self) -> bool {
        let Some((_, org)) = self.by_weight.pop_last() else { return false };
        let Some(mut ring) = self.take(&org) else { return false };
        let before = ring.weight();
        while !ring.is_empty() && ring.weight() > before / 4 * 3 {
            ring.make_room();
        }
        self.put(org, ring);
        true
    }

    fn forget(&mut self, now: Timestamp) {
        let orgs: Vec<_> = self.of_org.keys().cloned().collect();
        for org in orgs {
            if let Some(mut ring) = self.take(&org) {
                ring.forget(now);
                self.put(org, ring);
            }
        }
    }

    /// Removes an organization from every index.
    fn take(&mut self, org: &OrgId) -> Option<Ring> {
        let ring = self.of_org.remove(org)?;
        self.by_newest.remove(&ring.newest());
        self.by_weight.remove(&(ring.weight(), org.clone()));
        self.weight -= ring.weight();
        Some(ring)
    }

    /// Puts it back into every index, unless it is empty.
    fn put(&mut self, org: OrgId, ring: Ring) {
        if ring.is_empty() {
            return;
        }
        self.by_newest.insert(ring.newest(), org.clone());
        self.by_weight.insert((ring.weight(), org.clone()));
        self.weight += ring.weight();
        self.of_org.insert(org, ring);
    }
}
