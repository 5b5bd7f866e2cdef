//! Limits the look-ups of well-formed unknown keys, for each address and in total. Existing digests are known from
//! the start, and looked up whatever else comes from that address; those found to be unknown are not looked up again.

mod addresses;
mod digests;
mod known;

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    key::Digest,
    limit::{Bucket, Limit},
};

use super::shared_state::{Asker, Asking};
use addresses::Addresses;
use digests::UnknownDigests;
use known::Known;

/// Enough for a gateway with a few clients that use old keys, but not for guessing.
const PER_ADDRESS: Limit = Limit::per_minute(NonZeroU32::new(60).expect("not zero"));
/// For a backend that does not send its clients' addresses: the errors of all of them count as its own.
const PER_BACKEND: Limit = Limit::per_minute(NonZeroU32::new(6_000).expect("not zero"));
/// For all addresses: what a small database can answer beside its other work.
const OF_ALL: Limit = match Limit::new(NonZeroU32::new(1_000).expect("not zero"), Duration::from_secs(1)) {
    Some(limit) => limit,
    None => panic!("a limit over a second"),
};

#[derive(Default)]
pub struct Unknown {
    addresses: Addresses,
    backends: Addresses,
    of_all: Mutex<Bucket>,
    known: Known,
    digests: UnknownDigests,
}

impl Unknown {
    /// Adds existing digests: read at the start, or created since.
    pub fn add<'a>(&self, digests: impl IntoIterator<Item = &'a Digest> + Clone) {
        self.known.add(digests.clone());
        digests.into_iter().for_each(|digest| self.digests.forget(digest));
    }

    pub fn knows(&self, digest: &Digest) -> bool {
        self.known.has(digest)
    }

    /// Whether it was looked up before and is unknown.
    pub fn is_nobodys(&self, digest: &Digest) -> bool {
        self.digests.has(digest) && !self.known.has(digest)
    }

    /// Another process may have created what was unknown.
    pub fn forget_nobodys(&self) {
        self.digests.forget_all();
    }

    /// Whether to look a key up, or how long to wait. `OF_ALL` applies however many requests are concurrent. A single
    /// address may exceed its limit slightly during the first look-ups: it is charged only once a key is found to be
    /// unknown, so that it can send any number of valid keys.
    pub fn may_ask(
        &self,
        asker: impl Into<Asker>,
        digest: Option<Digest>,
        elapsed: Duration,
    ) -> Result<Asking, Duration> {
        let asker = asker.into();
        let free = digest.as_ref().is_some_and(|digest| self.known.has(digest));
        if !free {
            let (addresses, ip, limit) = self.counted(asker);
            addresses.may(ip, limit, elapsed)?;
            self.of_all().take(OF_ALL, elapsed)?;
        }
        Ok(Asking { asker, digest, free })
    }

    pub fn was_nobodys(&self, asking: &Asking, elapsed: Duration) {
        let (addresses, ip, limit) = self.counted(asking.asker);
        addresses.charge(ip, limit, elapsed);
        if let Some(digest) = &asking.digest {
            self.known.forget(digest);
            self.digests.note(digest);
        }
    }

    pub fn was_somebodys(&self, asking: &Asking) {
        if !asking.free {
            self.of_all().put_back(OF_ALL);
        }
        if let Some(digest) = asking.digest.as_ref().filter(|_| !asking.free) {
            self.known.add([digest]);
        }
    }

    fn counted(&self, asker: Asker) -> (&Addresses, IpAddr, Limit) {
        match asker {
            Asker::Client(ip) => (&self.addresses, ip, PER_ADDRESS),
            Asker::Backend(ip) => (&self.backends, ip, PER_BACKEND),
        }
    }

    fn of_all(&self) -> std::sync::MutexGuard<'_, Bucket> {
        self.of_all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Eight bytes of a digest.
fn word(digest: &Digest, from: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|at| digest.0[from + at]))
}

#[cfg(test)]
mod tests;
