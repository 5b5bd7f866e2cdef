//! The uses of each secret of keys that are being rotated, until they are written. Other keys do not come here.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    Timestamp,
    id::KeyId,
    key::KeyRecord,
    usage::{SecretUse, Span},
};

/// The maximum number of networks and programs of a secret in an hour that are told apart until a flush.
const PLACES: usize = 32;
/// The maximum number of hours of a secret that wait for a flush: without an outage of the database, there are one or two.
const HOURS: usize = 48;

/// The uses of a secret in an hour from one place.
#[derive(Clone, Copy)]
pub(super) struct SecretCount {
    pub(super) hour: i64,
    pub(super) of: SecretUse,
    pub(super) n: u32,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
}

/// The counts by key and number of the secret.
pub(super) type SecretCounts = HashMap<(KeyId, u32), Vec<SecretCount>>;

pub(super) struct SecretTally {
    counts: Mutex<SecretCounts>,
    /// The maximum number of secrets.
    capacity: usize,
    overflowed: AtomicBool,
}

impl SecretTally {
    pub(super) fn new(capacity: usize) -> Self {
        Self { counts: Mutex::default(), capacity, overflowed: AtomicBool::default() }
    }

    /// Whether there was ever a use without room.
    pub(super) fn has_overflowed(&self) -> bool {
        self.overflowed.load(Ordering::SeqCst)
    }

    pub(super) fn count(&self, key: &KeyRecord, of: SecretUse, at: Timestamp) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = (key.key_id.clone(), key.secret_n);
        if counts.len() >= self.capacity && !counts.contains_key(&secret) {
            self.overflowed.store(true, Ordering::SeqCst);
            return;
        }
        let uses = counts.entry(secret).or_default();
        let hour = at.seconds().div_euclid(Span::Hour.seconds());
        if add(uses, hour, of, at) {
            return;
        }
        let has_room = uses.iter().filter(|use_| use_.hour == hour).count() < PLACES;
        let of = if has_room { of } else { of.more() };
        if (has_room || !add(uses, hour, of, at)) && uses.len() < HOURS * (PLACES + 2) {
            uses.push(SecretCount { hour, of, n: 1, first_at: at, last_at: at });
        }
    }

    /// What is to be written now.
    pub(super) fn take(&self) -> SecretCounts {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn add(uses: &mut [SecretCount], hour: i64, of: SecretUse, at: Timestamp) -> bool {
    let found = uses.iter_mut().rev().find(|count| count.hour == hour && count.of == of);
    found
        .map(|count| {
            count.n = count.n.saturating_add(1);
            (count.first_at, count.last_at) = (count.first_at.min(at), count.last_at.max(at));
        })
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::key_record,
        usage::{Agent, Network},
    };

    const AT: Timestamp = Timestamp::from_seconds(7_200);

    fn from(octet: u8) -> SecretUse {
        SecretUse { accepted: true, network: Network::V4([10, 0, octet]), agent: Agent::UNKNOWN }
    }

    #[test]
    fn places_beyond_the_bound_are_counted_together() {
        let (tally, key) = (SecretTally::new(10), key_record());
        for octet in 0..=u8::MAX {
            tally.count(&key, from(octet), AT);
        }
        tally.count(&key, from(0), AT + std::time::Duration::from_secs(1));
        let counts = tally.take().remove(&(key.key_id, 1)).expect("counted");
        assert_eq!(counts.len(), PLACES + 1);
        assert_eq!(counts.iter().map(|count| count.n).sum::<u32>(), 257, "none is lost");
        assert_eq!((counts[0].n, counts[0].first_at), (2, AT));
        assert!(counts[0].last_at > AT && counts[PLACES].of.network == Network::Other);
        assert!(tally.take().is_empty() && !tally.has_overflowed());
    }

    #[test]
    fn secrets_without_room_are_noticed() {
        let (tally, key) = (SecretTally::new(1), key_record());
        tally.count(&key, from(0), AT);
        tally.count(&KeyRecord { secret_n: 2, ..key }, from(0), AT);
        assert!(tally.has_overflowed());
    }
}
