//! Limits the look-ups of well-formed unknown keys, for each address and in total. Existing digests are known from
//! the start, and looked up whatever else comes from that address; those found to be unknown are not looked up again.

mod addresses;
mod digests;
mod known;

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use crate::{
    key::Digest,
    limit::{Bucket, Limit},
    throttle,
};

use super::shared_state::{LookUpPermit, Presenter};
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
    /// How many nodes count for themselves; 0 if others count with this one.
    nodes: AtomicU32,
}

impl Unknown {
    /// From now on this node has its part of each limit.
    pub fn count_as_one_of(&self, nodes: NonZeroU32) {
        self.nodes.store(nodes.get(), Ordering::Relaxed);
    }

    /// The limit of all look-ups, of this node.
    fn of_all_limit(&self) -> Limit {
        self.part(OF_ALL)
    }

    fn part(&self, limit: Limit) -> Limit {
        match NonZeroU32::new(self.nodes.load(Ordering::Relaxed)) {
            Some(nodes) if nodes.get() > 1 => limit.of_one_in(nodes),
            _ => limit,
        }
    }

    /// The limits that a look-up counts against: that of the presenter, with its kind and address, and that of all.
    pub fn limits(presenter: Presenter) -> (&'static str, IpAddr, Limit, Limit) {
        match presenter {
            Presenter::Client(ip) => ("client", throttle::block(ip), PER_ADDRESS, OF_ALL),
            Presenter::Backend(ip) => ("backend", throttle::block(ip), PER_BACKEND, OF_ALL),
        }
    }

    /// Adds existing digests: read at the start, or created since.
    pub fn add<'a>(&self, digests: impl IntoIterator<Item = &'a Digest> + Clone) {
        self.known.add(digests.clone());
        digests.into_iter().for_each(|digest| self.digests.forget(digest));
    }

    pub fn knows(&self, digest: &Digest) -> bool {
        self.known.has(digest)
    }

    /// Whether it was looked up before and is unknown.
    pub fn is_unknown(&self, digest: &Digest) -> bool {
        self.digests.has(digest) && !self.known.has(digest)
    }

    /// Another process may have created what was unknown.
    pub fn forget_unknown(&self) {
        self.digests.forget_all();
    }

    /// Whether to look a key up, or how long to wait. `OF_ALL` applies however many requests are concurrent. A single
    /// address may exceed its limit slightly during the first look-ups: it is charged only once a key is found to be
    /// unknown, so that it can send any number of valid keys.
    pub fn admit_look_up(
        &self,
        presenter: impl Into<Presenter>,
        digest: Option<Digest>,
        elapsed: Duration,
    ) -> Result<LookUpPermit, Duration> {
        let presenter = presenter.into();
        let free = digest.as_ref().is_some_and(|digest| self.known.has(digest));
        if !free {
            let (addresses, ip, limit) = self.counted(presenter);
            addresses.may(ip, limit, elapsed)?;
            self.of_all().take(self.of_all_limit(), elapsed)?;
        }
        Ok(LookUpPermit { presenter, digest, free, is_shared: false })
    }

    pub fn found_unknown(&self, permit: &LookUpPermit, elapsed: Duration) {
        let (addresses, ip, limit) = self.counted(permit.presenter);
        addresses.charge(ip, limit, elapsed);
        if let Some(digest) = &permit.digest {
            self.known.forget(digest);
            self.digests.note(digest);
        }
    }

    pub fn found_known(&self, permit: &LookUpPermit) {
        if !permit.free {
            self.of_all().put_back(self.of_all_limit());
        }
        if let Some(digest) = permit.digest.as_ref().filter(|_| !permit.free) {
            self.known.add([digest]);
        }
    }

    /// Another node used the limit up: nothing is looked up.
    pub fn withdraw(&self, permit: &LookUpPermit) {
        if !permit.free {
            self.of_all().put_back(self.of_all_limit());
        }
    }

    fn counted(&self, presenter: Presenter) -> (&Addresses, IpAddr, Limit) {
        match presenter {
            Presenter::Client(ip) => (&self.addresses, ip, self.part(PER_ADDRESS)),
            Presenter::Backend(ip) => (&self.backends, ip, self.part(PER_BACKEND)),
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
