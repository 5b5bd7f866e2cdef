//! The decisions of one organization. A kind is one key refused with one verdict; where there is no room, the kind that
//! has most gives its oldest, so that a flood on one key does not push out what was decided on another.

use std::{
    cmp::Reverse,
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{
    Decision,
    decisions::{KEPT_FOR, Kept},
};
use crate::{
    Timestamp,
    id::{KeyId, RequestId},
    key::Verdict,
};

/// Decisions of one organization at most.
pub const MOST: usize = 500;
/// As many of a kind are kept in each minute; of those after them one at 32, at 64, at 128, and so on.
const SAMPLED_AFTER: u64 = 20;

type Name = (KeyId, Verdict);

#[derive(Default)]
pub struct Ring {
    kinds: HashMap<Name, Kind>,
    len: usize,
    weight: usize,
}

#[derive(Default)]
struct Kind {
    minute: i64,
    /// Refused in that minute.
    refused: u64,
    /// Oldest first.
    kept: VecDeque<Kept>,
}

impl Kind {
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

    /// Whether another of that kind is to be kept. If not, the last one of it says so.
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
        let (len, weight) = (&mut self.len, decision.weight());
        let name = (decision.key.key_id.clone(), decision.verdict);
        let kind = self.kinds.entry(name).or_insert_with(|| {
            // This one is the first.
            Kind { minute: minute(decision.at), refused: 1, kept: VecDeque::new() }
        });
        kind.kept.push_back(Kept { decision, left_out: 0, place });
        *len += 1;
        self.weight += weight;
    }

    /// Takes one from the kind that has most; of several the one that has been there longest.
    pub fn make_room(&mut self) {
        let most = self.kinds.iter().max_by_key(|(_, kind)| {
            let oldest = kind.kept.front().map_or(u64::MAX, |kept| kept.place);
            (kind.kept.len(), Reverse(oldest))
        });
        let Some(name) = most.map(|(name, _)| name.clone()) else { return };
        let Some(kind) = self.kinds.get_mut(&name) else { return };
        if let Some(weight) = kind.drop_oldest() {
            self.len -= 1;
            self.weight -= weight;
        }
        if kind.kept.is_empty() {
            self.kinds.remove(&name);
        }
    }

    /// Drops what was kept long enough.
    pub fn forget(&mut self, now: Timestamp) {
        let (len, weight) = (&mut self.len, &mut self.weight);
        self.kinds.retain(|_, kind| {
            while kind.kept.front().is_some_and(|kept| is_over(kept, now)) {
                *len -= 1;
                *weight -= kind.drop_oldest().unwrap_or_default();
            }
            !kind.kept.is_empty()
        });
    }

    /// Newest first.
    pub fn list(&self, now: Timestamp) -> Vec<Kept> {
        let kept = self.kinds.values().flat_map(|kind| &kind.kept).filter(|kept| !is_over(kept, now));
        let mut all: Vec<_> = kept.cloned().collect();
        all.sort_unstable_by_key(|kept| Reverse(kept.place));
        all
    }

    pub fn find(&self, id: &RequestId, now: Timestamp) -> Option<Kept> {
        let mut all = self.kinds.values().flat_map(|kind| &kind.kept);
        all.find(|kept| kept.decision.request_id == *id && !is_over(kept, now)).cloned()
    }

    /// The place of the newest.
    pub fn newest(&self) -> u64 {
        let places = self.kinds.values().filter_map(|kind| kind.kept.back()).map(|kept| kept.place);
        places.max().unwrap_or_default()
    }
}

fn minute(at: Timestamp) -> i64 {
    at.seconds().div_euclid(60)
}

fn is_over(kept: &Kept, now: Timestamp) -> bool {
    now.since(kept.decision.at) >= KEPT_FOR
}
