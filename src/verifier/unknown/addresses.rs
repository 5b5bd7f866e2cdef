//! How often each address asked for nothing: a table that never grows.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use crate::{
    limit::{Bucket, Limit},
    throttle,
};

/// Less than a megabyte in all. Where in it an address is, nobody can tell from outside.
const SETS: usize = 8_192;

/// Addresses that are kept in one place: when another comes, the one that did the least wrong goes.
type Set = [(u64, Bucket); 4];

#[derive(Default)]
pub struct Addresses {
    /// Made for the first address that asks for nothing: on most days nobody does.
    sets: OnceLock<Box<[Mutex<Set>]>>,
    hasher: RandomState,
}

impl Addresses {
    /// Whether that address has one left.
    pub fn may(&self, ip: IpAddr, limit: Limit, elapsed: Duration) -> Result<(), Duration> {
        let block = block(ip);
        let found = self.sets.get().and_then(|sets| {
            let set = self.set(sets, block);
            set.iter().find(|(of, _)| *of == block).map(|(_, bucket)| *bucket)
        });
        found.unwrap_or_default().take(limit, elapsed)
    }

    pub fn charge(&self, ip: IpAddr, limit: Limit, elapsed: Duration) {
        let block = block(ip);
        let mut set = self.set(self.sets.get_or_init(|| (0..SETS).map(|_| Mutex::default()).collect()), block);
        let at = set.iter().position(|(of, _)| *of == block).unwrap_or_else(|| {
            let least = set.iter().enumerate().min_by_key(|(_, (_, bucket))| *bucket).map_or(0, |(at, _)| at);
            set[least] = (block, Bucket::default());
            least
        });
        // Beyond the limit there is nothing to charge: those slipped through at the same time.
        let _ = set[at].1.take(limit, elapsed);
    }

    fn set<'a>(&self, sets: &'a [Mutex<Set>], block: u64) -> MutexGuard<'a, Set> {
        let at = self.hasher.hash_one(block) as usize % SETS;
        sets[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A block of IPv6, or an address of IPv4 beside all of those that are in use.
fn block(ip: IpAddr) -> u64 {
    match throttle::block(ip) {
        IpAddr::V4(ip) => 0xffff << 32 | u64::from(ip.to_bits()),
        IpAddr::V6(ip) => (ip.to_bits() >> 64) as u64,
    }
}
