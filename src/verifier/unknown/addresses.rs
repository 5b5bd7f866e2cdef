//! How often each address presented an unknown key: a table of fixed size.

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

/// Less than a megabyte in all. The position of an address in it can't be predicted.
const SETS: usize = 8_192;

/// The addresses of one position: a new one replaces the one with the fewest errors.
type Set = [(u64, Bucket); 4];

#[derive(Default)]
pub struct Addresses {
    /// Allocated for the first unknown key: on most days there is none.
    sets: OnceLock<Box<[Mutex<Set>]>>,
    hasher: RandomState,
}

impl Addresses {
    /// Whether that address may present another.
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
        // Beyond the limit there is nothing to charge: these were admitted concurrently.
        let _ = set[at].1.take(limit, elapsed);
    }

    fn set<'a>(&self, sets: &'a [Mutex<Set>], block: u64) -> MutexGuard<'a, Set> {
        let at = self.hasher.hash_one(block) as usize % SETS;
        sets[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An IPv6 block, or an IPv4 address in a range that does not overlap with the blocks in use.
fn block(ip: IpAddr) -> u64 {
    match throttle::block(ip) {
        IpAddr::V4(ip) => 0xffff << 32 | u64::from(ip.to_bits()),
        IpAddr::V6(ip) => (ip.to_bits() >> 64) as u64,
    }
}
