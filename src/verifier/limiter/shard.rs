//! One part of the limiter's state, behind one lock.

use std::{collections::HashMap, hash::Hash, num::NonZeroU32, time::Duration};

use crate::{
    id::KeyId,
    limit::{Bucket, Day, DayCount, Judged, Limits, Now, State, StoredDay, judge},
};

/// The random part of a key's id: sixteen characters, stored inline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name([u8; 16]);

impl Name {
    pub fn of(key: &KeyId) -> Option<Self> {
        key.as_str().strip_prefix(KeyId::PREFIX)?.as_bytes().try_into().ok().map(Self)
    }

    pub fn key(&self) -> Option<KeyId> {
        KeyId::parse(&format!("{}{}", KeyId::PREFIX, std::str::from_utf8(&self.0).ok()?))
    }

    /// An evenly distributed number.
    pub fn spread(&self) -> usize {
        let random = u32::from_le_bytes([self.0[0], self.0[1], self.0[2], self.0[3]]);
        (random.wrapping_mul(0x9E37_79B1) >> 16) as usize
    }
}

/// A limit of a key: per minute, or of a path pattern.
type Slot = (Name, u32);

/// There is one of these for each key in use.
const _: () = assert!(size_of::<(Slot, Bucket)>() == 32);

const fn minute(name: Name) -> Slot {
    (name, 0)
}

fn path(name: Name, place: u16) -> Slot {
    (name, u32::from(place) + 1)
}

#[derive(Clone, Copy)]
struct Counted {
    /// Used by all nodes, as far as this one knows.
    requests: u64,
    /// What other nodes had counted when the day was read.
    others: u64,
    day: Day,
    /// This node's count is in the database, or being written.
    saved: bool,
}

/// There is one of these for each key with a daily limit.
const _: () = assert!(size_of::<Counted>() == 24);

impl Counted {
    const fn all(&self) -> DayCount {
        DayCount { day: self.day, requests: self.requests }
    }

    /// The count of this node.
    const fn own(&self) -> DayCount {
        DayCount { day: self.day, requests: self.requests.saturating_sub(self.others) }
    }
}

#[derive(Default)]
pub struct Shard {
    buckets: HashMap<Slot, Bucket>,
    days: HashMap<Name, Counted>,
    /// Keys whose count is not saved.
    unsaved: Vec<Name>,
    /// Counts that were not saved when another day began.
    ended: Vec<(Name, DayCount)>,
}

impl Shard {
    pub fn judge(&self, name: Name, limits: &Limits, cost: NonZeroU32, now: Now) -> Judged {
        let bucket = |slot: Slot| self.buckets.get(&slot).copied().unwrap_or_default();
        let state = State {
            minute: limits.minute.map(|_| bucket(minute(name))).unwrap_or_default(),
            path: limits.path.map(|(place, _)| bucket(path(name, place))).unwrap_or_default(),
            day: limits.day.and_then(|_| self.days.get(&name)).map(Counted::all),
        };
        judge(state, limits, cost, now)
    }

    pub fn set(&mut self, name: Name, limits: &Limits, state: &State) {
        if limits.minute.is_some() {
            self.buckets.insert(minute(name), state.minute);
        }
        if let Some((place, _)) = limits.path {
            self.buckets.insert(path(name, place), state.path);
        }
        if let Some(count) = state.day {
            let others = self.days.get(&name).filter(|old| old.day == count.day).map_or(0, |old| old.others);
            self.count(name, Counted { requests: count.requests, others, day: count.day, saved: false });
        }
    }

    pub fn read(&mut self, name: Name, day: Day, stored: StoredDay) {
        // Another request read it too, and it was charged since.
        if self.days.get(&name).is_some_and(|known| known.day == day) {
            return;
        }
        let waiting = self.ended.iter().filter(|(ended, of)| *ended == name && of.day == day);
        let own = waiting.map(|(_, of)| of.requests).fold(stored.own, u64::max);
        let others = stored.requests.saturating_sub(stored.own);
        self.count(name, Counted { requests: others.saturating_add(own), others, day, saved: true });
    }

    fn count(&mut self, name: Name, new: Counted) {
        let old = self.days.insert(name, new);
        let waits = old.filter(|old| !old.saved);
        if let Some(old) = waits.filter(|old| old.day != new.day) {
            self.ended.push((name, old.own()));
        }
        if !new.saved && waits.is_none() {
            self.unsaved.push(name);
        }
    }

    pub fn give_back_day(&mut self, name: Name, day: Day, cost: NonZeroU32) {
        let Some(counted) = self.days.get(&name).copied().filter(|counted| counted.day == day) else { return };
        // Not what other nodes counted.
        let requests = counted.requests.saturating_sub(cost.get().into()).max(counted.others);
        self.count(name, Counted { requests, saved: false, ..counted });
    }

    pub fn take(&mut self) -> Vec<(Name, DayCount)> {
        let mut counts = std::mem::take(&mut self.ended);
        for name in std::mem::take(&mut self.unsaved) {
            if let Some(counted) = self.days.get_mut(&name).filter(|counted| !counted.saved) {
                counted.saved = true;
                counts.push((name, counted.own()));
            }
        }
        counts
    }

    pub fn put_back(&mut self, name: Name, count: DayCount) {
        match self.days.get_mut(&name) {
            Some(counted) if counted.day == count.day => {
                if std::mem::take(&mut counted.saved) {
                    self.unsaved.push(name);
                }
            }
            _ => self.ended.push((name, count)),
        }
    }

    pub fn forget(&mut self, elapsed: Duration, today: Day) {
        self.buckets.retain(|_, bucket| !bucket.is_full(elapsed));
        self.days.retain(|_, counted| counted.day >= today || !counted.saved);
        give_back(&mut self.buckets);
        give_back(&mut self.days);
    }

    /// In bytes, as the standard library allocates maps: a power of two of entries, and one more byte for each.
    #[cfg(test)]
    pub fn memory(&self) -> usize {
        fn of<K, V>(map: &HashMap<K, V>) -> usize {
            let places = if map.capacity() == 0 { 0 } else { (map.capacity() * 8 / 7).next_power_of_two() };
            places * (size_of::<(K, V)>() + 1)
        }
        of(&self.buckets) + of(&self.days)
    }
}

/// Frees memory after a peak. Some is kept, so that the next few entries need no allocation.
fn give_back<K: Eq + Hash, V>(map: &mut HashMap<K, V>) {
    if map.capacity() > 64 && map.capacity() > map.len() * 4 {
        map.shrink_to(map.len() * 2);
    }
}
