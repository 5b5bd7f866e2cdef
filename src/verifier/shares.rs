//! Parts of fast limits that this node took ahead from Redis: requests spend them without asking. What a share holds was
//! charged in Redis, so that all nodes together never exceed the limit by more than what they hold.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use compact_str::CompactString;

use crate::{id::KeyId, limit::Limit};

/// Limits from here on are spent from shares; below, Redis is asked for each request.
const FAST_A_SECOND: u128 = 100;
/// A share lasts for so long, and is given back when it was not used for so long.
const AHEAD: Duration = Duration::from_millis(100);
/// All nodes together hold at most this part of a limit: one in fifty.
const HELD: u32 = 50;
/// A request for a share without an answer is repeated after this time.
const ASKED_AGAIN: Duration = Duration::from_secs(1);
/// Shares without use are forgotten after this time.
const FORGOTTEN: Duration = Duration::from_secs(10);

/// Each is behind a lock of its own.
const SHARDS: usize = 32;

/// A limit of a key: per minute, or of a path pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    key: CompactString,
    number: u32,
}

#[derive(Default)]
pub struct Shares {
    shards: [Mutex<HashMap<Slot, Share>>; SHARDS],
    hasher: RandomState,
}

struct Share {
    limit: Limit,
    left: u32,
    /// Requests since `span`, and in the span before.
    used: u32,
    before: u32,
    span: Duration,
    last_used: Duration,
    /// Since when more is asked for.
    asked: Option<Duration>,
    /// As Redis said last, in microseconds, and when.
    debt: (f64, Duration),
}

/// What a share can do for a request.
#[derive(Debug, PartialEq)]
pub struct Spent {
    pub spent: bool,
    /// How many more to ask Redis for; `None` if that was asked already.
    pub more: Option<u32>,
    /// The state of the limit, in microseconds.
    pub debt: f64,
}

/// Whether requests spend shares of a limit.
pub fn is_fast(limit: Limit) -> bool {
    u128::from(limit.requests()) * 1_000_000_000 >= FAST_A_SECOND * limit.per().as_nanos()
}

/// The most that one node holds of a limit.
fn most(limit: Limit, nodes: NonZeroU32) -> u32 {
    let ahead = u128::from(limit.requests()) * AHEAD.as_nanos() / limit.per().as_nanos();
    u32::try_from(ahead).unwrap_or(u32::MAX).min(limit.requests() / HELD / nodes)
}

impl Slot {
    pub fn new(key: &KeyId, number: u32) -> Self {
        Self { key: key.as_str().into(), number }
    }

    pub fn parts(&self) -> (&[u8], u32) {
        (self.key.as_bytes(), self.number)
    }
}

impl Share {
    fn new(limit: Limit, now: Duration) -> Self {
        Self { limit, left: 0, used: 0, before: 0, span: now, last_used: now, asked: None, debt: (0.0, now) }
    }

    fn roll(&mut self, now: Duration) {
        let since = now.saturating_sub(self.span);
        if since >= AHEAD {
            self.before = if since < AHEAD * 2 { self.used } else { 0 };
            (self.used, self.span) = (0, now);
        }
    }
}

impl Shares {
    pub fn spend(&self, slot: &Slot, limit: Limit, cost: NonZeroU32, nodes: NonZeroU32, now: Duration) -> Spent {
        let mut shard = self.shard(slot);
        let share = shard.entry(slot.clone()).or_insert_with(|| Share::new(limit, now));
        share.limit = limit;
        share.roll(now);
        share.used = share.used.saturating_add(cost.get());
        share.last_used = now;
        let spent = share.left >= cost.get();
        if spent {
            share.left -= cost.get();
        }
        // As many as the last such time needed; twice as many while it grows.
        let need = share.before.max(share.used.saturating_mul(2)).min(most(limit, nodes));
        let is_asked = share.asked.is_some_and(|at| now.saturating_sub(at) < ASKED_AGAIN);
        let wants = !is_asked && share.left <= need / 2 && need > share.left;
        if wants {
            share.asked = Some(now);
        }
        let debt = (share.debt.0 - now.saturating_sub(share.debt.1).as_nanos() as f64 / 1_000.0).max(0.0);
        Spent { spent, more: wants.then(|| need - share.left), debt }
    }

    /// Another limit refused the request.
    pub fn put_back(&self, slot: &Slot, cost: NonZeroU32) {
        if let Some(share) = self.shard(slot).get_mut(slot) {
            share.left = share.left.saturating_add(cost.get());
        }
    }

    /// What Redis answered; `asked` if more was asked for.
    pub fn received(&self, slot: &Slot, got: u32, asked: bool, debt: f64, now: Duration) {
        if let Some(share) = self.shard(slot).get_mut(slot) {
            share.left = share.left.saturating_add(got);
            share.debt = (debt, now);
            if asked {
                share.asked = None;
            }
        }
    }

    /// Shares that were not used for a while, to be given back.
    pub fn take_unused(&self, now: Duration) -> Vec<(Slot, Limit, u32)> {
        let mut unused = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for (slot, share) in shard.iter_mut() {
                if share.left > 0 && now.saturating_sub(share.last_used) >= AHEAD {
                    unused.push((slot.clone(), share.limit, std::mem::take(&mut share.left)));
                }
            }
            shard.retain(|_, share| now.saturating_sub(share.last_used) < FORGOTTEN);
        }
        unused
    }

    fn shard(&self, slot: &Slot) -> MutexGuard<'_, HashMap<Slot, Share>> {
        let at = self.hasher.hash_one(slot) as usize % self.shards.len();
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    fn limit(requests: u32) -> Limit {
        Limit::per_minute(NonZeroU32::new(requests).expect("not zero"))
    }

    const ONE: NonZeroU32 = NonZeroU32::MIN;

    fn nodes(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).expect("not zero")
    }

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn fast_limits_begin_at_six_thousand_a_minute() {
        assert!(!is_fast(limit(5_999)));
        assert!(is_fast(limit(6_000)));
        assert_eq!(most(limit(6_000), nodes(3)), 10);
        assert_eq!(most(limit(6_000), nodes(60)), 2, "all nodes hold a fiftieth at most");
        assert_eq!(most(limit(600_000), nodes(3)), 1_000);
    }

    #[test]
    fn a_share_grows_with_its_use_and_no_further_than_its_bound() {
        let (shares, slot) = (Shares::default(), Slot::new(&KeyId::mint(&SeededEntropy::new(1)), 0));
        let spend = |now| shares.spend(&slot, limit(6_000), ONE, nodes(3), at(now));
        assert_eq!(spend(0), Spent { spent: false, more: Some(2), debt: 0.0 });
        assert_eq!(spend(0), Spent { spent: false, more: None, debt: 0.0 }, "it is asked for already");
        shares.received(&slot, 2, true, 50_000.0, at(10));
        let again = spend(10);
        assert!(again.spent && again.debt == 50_000.0 && again.more.is_some_and(|more| more <= 6), "{again:?}");
        shares.received(&slot, 0, true, 50_000.0, at(10));
        for now in 11..90 {
            let Spent { more, .. } = spend(now);
            if let Some(more) = more {
                assert!(more <= 10);
                shares.received(&slot, more, true, 0.0, at(now));
            }
        }
        let (_, _, left) = shares.take_unused(at(189)).pop().expect("not used for a tenth of a second");
        assert!(left <= 10, "{left}");
        assert!(shares.take_unused(at(189)).is_empty(), "given back once");
        shares.take_unused(at(20_000));
        assert!(shares.shards.iter().all(|shard| shard.lock().expect("no panic").is_empty()));
    }

    #[test]
    fn what_another_limit_refused_is_there_again() {
        let (shares, slot) = (Shares::default(), Slot::new(&KeyId::mint(&SeededEntropy::new(1)), 0));
        shares.spend(&slot, limit(6_000), ONE, nodes(1), at(0));
        shares.received(&slot, 1, true, 0.0, at(0));
        assert!(shares.spend(&slot, limit(6_000), ONE, nodes(1), at(1)).spent);
        shares.put_back(&slot, ONE);
        assert!(shares.spend(&slot, limit(6_000), ONE, nodes(1), at(1)).spent);
    }
}
