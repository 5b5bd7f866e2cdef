//! The decisions of one organization, grouped by key and verdict. When it is full, the largest group loses its
//! oldest, so that a flood on one key does not evict decisions on others.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use super::{
    Decision,
    kept::{KEPT_FOR, KeptDecision},
};
use crate::{
    Timestamp,
    id::{KeyId, RequestId},
    key::Verdict,
};

/// The maximum number of decisions of one organization.
pub const MOST: usize = 500;
/// As many of a group are kept in each minute; after that only the 32nd, 64th, 128th and so on.
const SAMPLED_AFTER: u64 = 20;

type Name = (KeyId, Verdict);

#[derive(Default)]
pub struct Ring {
    kinds: HashMap<Name, Kind>,
    by_rank: BTreeMap<Rank, Name>,
    len: usize,
    weight: usize,
    newest: u64,
}

/// The size of a group and the unique counter of its oldest decision; the last rank is evicted first.
type Rank = (usize, Reverse<u64>);

#[derive(Default)]
struct Kind {
    minute: i64,
    /// Refusals in that minute.
    refused: u64,
    /// Oldest first.
    kept: VecDeque<KeptDecision>,
}

impl Kind {
    fn rank(&self) -> Option<Rank> {
        self.kept.front().map(|oldest| (self.kept.len(), Reverse(oldest.place)))
    }

    fn drop_oldest(&mut self) -> Option<usize> {
        self.kept.pop_front().map(|kept| kept.decision.weight())
    }
}

impl Ring {
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Whether another decision of that group is to be kept. If not, it is counted in the group's last one.
    pub fn admits(&mut self, key: &KeyId, verdict: Verdict, now: Timestamp) -> bool {
        let Some(kind) = self.kinds.get_mut(&(key.clone(), verdict)) else { return true };
        let minute = minute(now);
        if kind.minute != minute {
            (kind.minute, kind.refused) = (minute, 0);
        }
        kind.refused += 1;
        let admitted = kind.refused <= SAMPLED_AFTER || kind.refused.is_power_of_two();
        if !admitted && let Some(last) = kind.kept.back_mut() {
            last.left_out += 1;
        }
        admitted
    }

    pub fn keep(&mut self, decision: Arc<Decision>, place: u64) {
        if self.len >= MOST {
            self.make_room();
        }
        let weight = decision.weight();
        let name = (decision.key.key_id.clone(), decision.verdict);
        let kind = self.kinds.entry(name.clone()).or_insert_with(|| {
            // This is the first decision of the group.
            Kind { minute: minute(decision.at), refused: 1, kept: VecDeque::new() }
        });
        if let Some(before) = kind.rank() {
            self.by_rank.remove(&before);
        }
        kind.kept.push_back(KeptDecision { decision, left_out: 0, place });
        self.by_rank.extend(kind.rank().map(|rank| (rank, name)));
        self.len += 1;
        self.weight += weight;
        self.newest = place;
    }

    /// Evicts one from the largest group; if there are several, from the one with the oldest decision.
    pub fn make_room(&mut self) {
        let Some((_, name)) = self.by_rank.pop_last() else { return };
        let Some(kind) = self.kinds.get_mut(&name) else { return };
        if let Some(weight) = kind.drop_oldest() {
            self.len -= 1;
            self.weight -= weight;
        }
        match kind.rank() {
            Some(rank) => drop(self.by_rank.insert(rank, name)),
            None => drop(self.kinds.remove(&name)),
        }
    }

    /// Removes expired decisions.
    pub fn forget(&mut self, now: Timestamp) {
        let (len, weight) = (&mut self.len, &mut self.weight);
        self.kinds.retain(|_, kind| {
            while kind.kept.front().is_some_and(|kept| is_over(kept, now)) {
                *len -= 1;
                *weight -= kind.drop_oldest().unwrap_or_default();
            }
            !kind.kept.is_empty()
        });
        let ranks = self.kinds.iter().filter_map(|(name, kind)| Some((kind.rank()?, name.clone())));
        self.by_rank = ranks.collect();
    }

    /// Newest first.
    pub fn list(&self, now: Timestamp) -> Vec<KeptDecision> {
        let kept = self.kinds.values().flat_map(|kind| &kind.kept).filter(|kept| !is_over(kept, now));
        let mut all: Vec<_> = kept.cloned().collect();
        all.sort_unstable_by_key(|kept| Reverse(kept.place));
        all
    }

    pub fn find(&self, id: &RequestId, now: Timestamp) -> Option<KeptDecision> {
        let mut all = self.kinds.values().flat_map(|kind| &kind.kept);
        all.find(|kept| kept.decision.request_id == *id && !is_over(kept, now)).cloned()
    }

    /// The counter of the latest decision.
    pub fn newest(&self) -> u64 {
        self.newest
    }
}

fn minute(at: Timestamp) -> i64 {
    at.seconds().div_euclid(60)
}

fn is_over(kept: &KeptDecision, now: Timestamp) -> bool {
    now.since(kept.decision.at) >= KEPT_FOR
}
