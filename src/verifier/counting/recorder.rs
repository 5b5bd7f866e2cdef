//! The counts of all keys, in parts with a lock each: a request waits for another of the same part, or for a flush to
//! copy the counts of that part. A key that was counted within the hour costs no allocation.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    Timestamp,
    id::{KeyId, OrgId},
    key::{KeyRecord, record::KeyHolder},
    usage::{Attribute, Outcome},
};

use super::{
    recent::Room,
    tally::{AttributeCount, Minute, MinuteCount, Tally, minute},
};

const SHARDS: usize = 256;
/// The maximum number of keys that stay for the rest of their hour without requests.
const IDLE: usize = 10_000;
/// The maximum number of organizations whose requests without room are told apart.
const ORGS: usize = 1_000;

pub(super) struct Recorder {
    shards: Box<[Mutex<HashMap<KeyId, Tally>>]>,
    /// The number of keys in all of them, and how many there may be.
    keys: AtomicUsize,
    capacity: usize,
    without_room: Mutex<HashMap<Option<OrgId>, u64>>,
}

/// What a flush writes.
#[derive(Default)]
pub(super) struct Recorded {
    pub(super) minutes: Vec<(KeyId, Arc<KeyHolder>, MinuteCount)>,
    pub(super) attributes: Vec<(KeyId, AttributeCount)>,
    /// How many requests could not be counted, and when that was noticed. Without an organization: of any.
    pub(super) not_counted: Vec<(Option<OrgId>, Minute, u64)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            keys: AtomicUsize::new(0),
            capacity,
            without_room: Mutex::default(),
        }
    }

    fn shard(&self, key: &KeyId) -> &Mutex<HashMap<KeyId, Tally>> {
        // Its end is random.
        let last = key.as_str().as_bytes().last_chunk().copied().unwrap_or_default();
        &self.shards[(u32::from_le_bytes(last).wrapping_mul(0x9E37_79B1) >> 16) as usize % SHARDS]
    }

    /// Returns whether the request is listed by itself and, if so, how many of the key before it were left out.
    pub(super) fn count(
        &self,
        key: &KeyRecord,
        outcome: Outcome,
        attributes: [Attribute; 3],
        at: Timestamp,
        room: &Room,
    ) -> Option<u32> {
        let minute = minute(at);
        let second = u32::try_from(at.seconds()).unwrap_or(0);
        let mut shard = lock(self.shard(&key.key_id));
        if let Some(tally) = shard.get_mut(&key.key_id) {
            tally.count(outcome, attributes, minute);
            return tally.list(second, room);
        }
        if self.keys.fetch_add(1, Ordering::Relaxed) >= self.capacity {
            self.keys.fetch_sub(1, Ordering::Relaxed);
            drop(shard);
            self.count_without_room(&key.owner.org_id);
            return None;
        }
        let tally = shard.entry(key.key_id.clone()).or_insert_with(|| Tally::new(&key.owner));
        tally.count(outcome, attributes, minute);
        tally.list(second, room)
    }

    fn count_without_room(&self, org: &OrgId) {
        let mut without_room = lock(&self.without_room);
        let org = Some(org.clone());
        let named = if without_room.len() < ORGS || without_room.contains_key(&org) { org } else { None };
        *without_room.entry(named).or_default() += 1;
    }

    /// What is to be written now. Keys without requests since the last time are dropped if there are many, or when their
    /// hour has ended.
    pub(super) fn take(&self, now: Timestamp) -> Recorded {
        let now = minute(now);
        let are_many = self.keys.load(Ordering::Relaxed) > IDLE.min(self.capacity / 2);
        let mut recorded = Recorded::default();
        for shard in &self.shards {
            let mut shard = lock(shard);
            let before = shard.len();
            shard.retain(|key, tally| {
                if tally.is_idle() {
                    return !are_many && tally.is_of_hour(now);
                }
                let (owner, minutes, attributes) =
                    (Arc::clone(&tally.owner), &mut recorded.minutes, &mut recorded.attributes);
                tally.take(now, &mut |count| minutes.push((key.clone(), Arc::clone(&owner), count)), &mut |count| {
                    attributes.push((key.clone(), count))
                });
                true
            });
            self.keys.fetch_sub(before - shard.len(), Ordering::Relaxed);
        }
        let without_room = std::mem::take(&mut *lock(&self.without_room));
        recorded.not_counted = without_room.into_iter().map(|(org, n)| (org, now, n)).collect();
        recorded
    }
}
