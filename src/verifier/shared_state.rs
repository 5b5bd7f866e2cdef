//! State that nodes have to share for equal verdicts and that is not in the database: used-up limits, used
//! signatures, and clients that present unknown keys. Each is a trait; [`super::in_memory`] is the state of one process, and
//! `node_limits`, `node_signatures` and `node_unknown` share it over Redis, if there is one.
//!
//! The verifier only calls these traits. Their futures are not boxed, and those of the memory implementation are
//! ready at once.

use std::{mem, net::IpAddr, num::NonZeroU32, time::Duration};

use crate::{
    Result, Timestamp,
    id::{KeyId, OrgId},
    key::Digest,
    limit::{Day, DayCount, Judged, Limits, Now, StoredDay},
    signature::Proof,
};

/// The used-up limits of keys. On an error the request is refused.
pub trait RateLimits: Send + Sync {
    /// Charges a request to all of its limits, or to none.
    fn charge(
        &self,
        key: &KeyId,
        limits: &Limits,
        cost: NonZeroU32,
        now: Now,
    ) -> impl Future<Output = Result<Judged>> + Send;

    /// What `charge` would return.
    fn peek(
        &self,
        key: &KeyId,
        limits: &Limits,
        cost: NonZeroU32,
        now: Now,
    ) -> impl Future<Output = Result<Judged>> + Send;

    /// Stores the database's count of a day that was unread.
    fn read(&self, key: &KeyId, day: Day, stored: StoredDay) -> Result<()>;

    /// The counts of this node that were not written yet.
    fn take(&self) -> Vec<(KeyId, DayCount)>;

    /// Puts counts back after a failed write.
    fn put_back(&self, counts: Vec<(KeyId, DayCount)>);

    /// Drops the state of full limits. Called by a worker.
    fn forget(&self, now: Now);
}

/// Why a correct signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// It was used before.
    Seen,
    /// It was made before recording began, and may have been used before.
    Forgotten,
    /// There is no room for another signature of this key.
    Full,
}

/// Used signatures: each is accepted once. On an error the request is refused.
pub trait SeenSignatures: Send + Sync {
    /// Uses up a signature, unless it was used before. Of two concurrent requests, one succeeds. Returns the number of the claim.
    fn take(
        &self,
        proof: &Proof,
        org: &OrgId,
        key: &KeyId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<u64, ReplayError>>> + Send;

    /// It was used up for nothing, under that number: the sender may repeat the request. Not awaited.
    fn give_back(&self, proof: &Proof, org: &OrgId, key: &KeyId, claim: u64);

    /// What `take` would return; nothing is used up, not even for a moment.
    fn peek(
        &self,
        proof: &Proof,
        org: &OrgId,
        key: &KeyId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<(), ReplayError>>> + Send;
}

/// A signature that was used up. Unless it is kept, it is returned.
#[must_use]
pub struct Claim<'a, S: SeenSignatures + ?Sized> {
    pub(super) seen: &'a S,
    pub(super) proof: Proof,
    pub(super) org: &'a OrgId,
    pub(super) key: &'a KeyId,
    pub(super) number: u64,
}

impl<'a, S: SeenSignatures + ?Sized> Claim<'a, S> {
    /// Uses up a signature, unless it was used before.
    pub async fn of(
        seen: &'a S,
        proof: Proof,
        org: &'a OrgId,
        key: &'a KeyId,
        now: Timestamp,
    ) -> Result<Result<Self, ReplayError>> {
        let taken = seen.take(&proof, org, key, now).await?;
        Ok(taken.map(|number| Self { seen, proof, org, key, number }))
    }

    /// The request was accepted: its signature stays used up.
    pub fn keep(self) {
        mem::forget(self);
    }
}

impl<S: SeenSignatures + ?Sized> Drop for Claim<'_, S> {
    fn drop(&mut self) {
        self.seen.give_back(&self.proof, self.org, self.key, self.number);
    }
}

/// The client that presented a key.
#[derive(Clone, Copy, Debug)]
pub enum Presenter {
    Client(IpAddr),
    Backend(IpAddr),
}

impl From<IpAddr> for Presenter {
    fn from(ip: IpAddr) -> Self {
        Self::Client(ip)
    }
}

/// An admitted look-up. It counts as one of an unknown key unless it is reported otherwise.
#[must_use]
pub struct LookUpPermit {
    pub(super) presenter: Presenter,
    pub(super) digest: Option<Digest>,
    /// It is known to exist, so it is not counted.
    pub(super) free: bool,
    /// Whether all nodes count it: only what was counted is given back.
    pub(super) is_shared: bool,
}

/// Limits the look-ups of well-formed unknown keys, and remembers their digests. Each node remembers by itself which
/// digests exist and which were found to be unknown, since the feed of changes updates both; the number of look-ups
/// is shared.
pub trait UnknownKeys: Send + Sync {
    /// Adds existing digests: read at the start, or created since.
    fn add<'a>(&self, digests: impl IntoIterator<Item = &'a Digest> + Clone);

    /// Whether a digest exists, as far as this node knows.
    fn knows(&self, digest: &Digest) -> bool;

    /// Whether it was looked up before and is unknown.
    fn is_unknown(&self, digest: &Digest) -> bool;

    /// Another process may have created what was unknown.
    fn forget_unknown(&self);

    /// Whether to look a key up, or how long to wait.
    fn admit_look_up(
        &self,
        presenter: Presenter,
        digest: Option<Digest>,
        elapsed: Duration,
    ) -> impl Future<Output = Result<LookUpPermit, Duration>> + Send;

    fn found_unknown(&self, permit: &LookUpPermit, elapsed: Duration) -> impl Future<Output = ()> + Send;

    fn found_known(&self, permit: &LookUpPermit) -> impl Future<Output = ()> + Send;
}
