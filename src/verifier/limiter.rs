//! What keys have used up of their limits. It is kept here and not with the cached keys, so that it outlives their
//! eviction and their changes; a key that has no limits, or has all of them back, takes no room.

mod shard;

use std::{
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    Error, Result, Timestamp,
    id::KeyId,
    limit::{Day, DayCount, Judged, Limits, Now, StoredDay},
};
use shard::{Name, Shard};

/// Each has a lock of its own, so that requests with different keys hardly ever wait for each other, and so that what
/// goes through all of them holds up none for long.
const SHARDS: usize = 256;

pub struct Limiter(Box<[Mutex<Shard>]>);

impl Default for Limiter {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl Limiter {
    /// Charges a request to all of its limits, or to none.
    pub fn charge(&self, key: &KeyId, limits: &Limits, cost: NonZeroU32, now: Now) -> Result<Judged> {
        if limits.is_unlimited() {
            return Ok(Judged::Unlimited);
        }
        let name = named(key)?;
        let mut shard = self.shard(&name);
        let judged = shard.judge(name, limits, cost, now);
        if let Judged::Passed(after, _) = &judged {
            shard.set(name, limits, after);
        }
        Ok(judged)
    }

    /// What `charge` would say.
    pub fn peek(&self, key: &KeyId, limits: &Limits, cost: NonZeroU32, now: Now) -> Result<Judged> {
        if limits.is_unlimited() {
            return Ok(Judged::Unlimited);
        }
        let name = named(key)?;
        Ok(self.shard(&name).judge(name, limits, cost, now))
    }

    /// What the database holds of a day that was found to be unread.
    pub fn read(&self, key: &KeyId, day: Day, stored: StoredDay) -> Result<()> {
        let name = named(key)?;
        self.shard(&name).read(name, day, stored);
        Ok(())
    }

    /// What this node counted of days and did not write yet.
    pub fn take(&self) -> Vec<(KeyId, DayCount)> {
        self.0
            .iter()
            .flat_map(|shard| lock(shard).take())
            .filter_map(|(name, count)| Some((name.key()?, count)))
            .collect()
    }

    /// The write failed: they wait for the next one.
    pub fn put_back(&self, counts: Vec<(KeyId, DayCount)>) {
        for (key, count) in counts {
            if let Some(name) = Name::of(&key) {
                self.shard(&name).put_back(name, count);
            }
        }
    }

    /// Forgets what is as if nothing had been used. Run by a worker; a request waits for a small part of it at most.
    pub fn forget(&self, now: Now) {
        for shard in &self.0 {
            lock(shard).forget(now.elapsed, Day::of(now.at));
        }
    }

    fn shard(&self, name: &Name) -> MutexGuard<'_, Shard> {
        lock(&self.0[name.spread() % SHARDS])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An id that we did not mint has no state, so nothing can be said of its limits.
fn named(key: &KeyId) -> Result<Name> {
    Name::of(key).ok_or_else(|| Error::Unavailable(format!("{key} is no id of a key")))
}

/// Days before this one may be forgotten: one more is kept, for a clock that is set back over midnight.
pub fn oldest(at: Timestamp) -> i64 {
    Day::of(at).before().number()
}

#[cfg(test)]
mod tests;
