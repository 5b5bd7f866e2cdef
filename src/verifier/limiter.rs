//! The used-up limits of keys. Stored separately from the cached keys, so that they survive evictions and changes; a
//! key without limits, or with full ones, takes no space.

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

/// Each shard has its own lock, so that requests with different keys rarely wait for each other, and a scan of all of
/// them never blocks one for long.
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

    /// Returns what was charged to a day, because another limit refused the request.
    pub fn give_back_day(&self, key: &KeyId, cost: NonZeroU32, now: Now) {
        if let Some(name) = Name::of(key) {
            self.shard(&name).give_back_day(name, Day::of(now.at), cost);
        }
    }

    /// What `charge` would return.
    pub fn peek(&self, key: &KeyId, limits: &Limits, cost: NonZeroU32, now: Now) -> Result<Judged> {
        if limits.is_unlimited() {
            return Ok(Judged::Unlimited);
        }
        let name = named(key)?;
        Ok(self.shard(&name).judge(name, limits, cost, now))
    }

    /// Stores the database's count of a day that was unread.
    pub fn read(&self, key: &KeyId, day: Day, stored: StoredDay) -> Result<()> {
        let name = named(key)?;
        self.shard(&name).read(name, day, stored);
        Ok(())
    }

    /// The counts of this node that were not written yet.
    pub fn take(&self) -> Vec<(KeyId, DayCount)> {
        self.0
            .iter()
            .flat_map(|shard| lock(shard).take())
            .filter_map(|(name, count)| Some((name.key()?, count)))
            .collect()
    }

    /// Puts counts back after a failed write.
    pub fn put_back(&self, counts: Vec<(KeyId, DayCount)>) {
        for (key, count) in counts {
            if let Some(name) = Name::of(&key) {
                self.shard(&name).put_back(name, count);
            }
        }
    }

    /// Drops the state of full limits. Called by a worker; a request waits for a small part of it at most.
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

/// An id that was not created here has no state, so its limits can't be checked.
fn named(key: &KeyId) -> Result<Name> {
    Name::of(key).ok_or_else(|| Error::Unavailable(format!("{key} is no id of a key")))
}

/// Days before this one can be dropped: one more is kept, in case the clock is set back over midnight.
pub fn oldest(at: Timestamp) -> i64 {
    Day::of(at).before().number()
}

#[cfg(test)]
mod tests;
