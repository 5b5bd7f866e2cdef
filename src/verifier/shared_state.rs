//! What nodes have to share to judge alike, and no database holds: how much of a limit is used up, which signatures were seen,
//! who presents keys that nobody has. Each is a trait; [`super::in_memory`] is the state of one process.
//!
//! The verifier calls nothing but these traits. Their futures have types of their own, so that nothing is boxed on the way of
//! a request, and those of the memory are ready at once.

use std::{mem, net::IpAddr, num::NonZeroU32, time::Duration};

use crate::{
    Result, Timestamp,
    id::{KeyId, OrgId},
    key::Digest,
    limit::{Day, DayCount, Judged, Limits, Now, StoredDay},
    signature::Proof,
};

/// What keys have used up of their limits. An error means that nothing can be said: the request is refused.
pub trait RateLimits: Send + Sync {
    /// Charges a request to all of its limits, or to none.
    fn charge(
        &self,
        key: &KeyId,
        limits: &Limits,
        cost: NonZeroU32,
        now: Now,
    ) -> impl Future<Output = Result<Judged>> + Send;

    /// What `charge` would say.
    fn peek(
        &self,
        key: &KeyId,
        limits: &Limits,
        cost: NonZeroU32,
        now: Now,
    ) -> impl Future<Output = Result<Judged>> + Send;

    /// What the database holds of a day that was found to be unread.
    fn read(&self, key: &KeyId, day: Day, stored: StoredDay) -> Result<()>;

    /// What this node counted of days and did not write yet.
    fn take(&self) -> Vec<(KeyId, DayCount)>;

    /// The write failed: they wait for the next one.
    fn put_back(&self, counts: Vec<(KeyId, DayCount)>);

    /// Forgets what is as if nothing had been used. Run by a worker.
    fn forget(&self, now: Now);
}

/// Why a signature that is right is refused all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// It came before.
    Seen,
    /// It was made before this began to be remembered: it may have come before.
    Forgotten,
    /// So many are remembered that there is no room for another of this key.
    Full,
}

/// Signatures that were seen: each holds once. An error means that nothing can be said: the request is refused.
pub trait SeenSignatures: Send + Sync {
    /// Takes a signature, if nobody did. Of two that come at once, one is taken.
    fn take(
        &self,
        proof: &Proof,
        org: &OrgId,
        key: &KeyId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<(), ReplayError>>> + Send;

    /// It was taken for nothing: whoever sent it may send it again. Nobody waits for this.
    fn give_back(&self, proof: &Proof, org: &OrgId, key: &KeyId);

    /// What `take` would say; nothing is taken, not even for a moment.
    fn peek(
        &self,
        proof: &Proof,
        org: &OrgId,
        key: &KeyId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<(), ReplayError>>> + Send;
}

/// A signature that was taken. Unless it is kept, it is given back.
#[must_use]
pub struct Claim<'a, S: SeenSignatures + ?Sized> {
    pub(super) seen: &'a S,
    pub(super) proof: Proof,
    pub(super) org: &'a OrgId,
    pub(super) key: &'a KeyId,
}

impl<'a, S: SeenSignatures + ?Sized> Claim<'a, S> {
    /// Takes a signature, if nobody did.
    pub async fn of(
        seen: &'a S,
        proof: Proof,
        org: &'a OrgId,
        key: &'a KeyId,
        now: Timestamp,
    ) -> Result<Result<Self, ReplayError>> {
        let taken = seen.take(&proof, org, key, now).await?;
        Ok(taken.map(|()| Self { seen, proof, org, key }))
    }

    /// The request was let through: its signature is used up.
    pub fn keep(self) {
        mem::forget(self);
    }
}

impl<S: SeenSignatures + ?Sized> Drop for Claim<'_, S> {
    fn drop(&mut self) {
        self.seen.give_back(&self.proof, self.org, self.key);
    }
}

/// Who presented a key.
#[derive(Clone, Copy, Debug)]
pub enum Asker {
    Client(IpAddr),
    Backend(IpAddr),
}

impl From<IpAddr> for Asker {
    fn from(ip: IpAddr) -> Self {
        Self::Client(ip)
    }
}

/// A look-up that may begin. It counts as one for nothing until it is told otherwise.
#[must_use]
pub struct Asking {
    pub(super) asker: Asker,
    pub(super) digest: Option<Digest>,
    /// It is known to be somebody's: it is not counted.
    pub(super) free: bool,
}

/// Keys that look right and are nobody's: how many of them may be looked up, and which were. What is somebody's, and what was
/// found to be nobody's, each node remembers for itself, since the feed of changes tells it of both; how many were asked for
/// is shared.
pub trait UnknownKeys: Send + Sync {
    /// These are somebody's: read at the start, or made since.
    fn add<'a>(&self, digests: impl IntoIterator<Item = &'a Digest> + Clone);

    /// Whether it is somebody's, as far as this node was told.
    fn knows(&self, digest: &Digest) -> bool;

    /// Whether that was looked up before, and is nobody's.
    fn is_nobodys(&self, digest: &Digest) -> bool;

    /// Another process may have made what was nobody's.
    fn forget_nobodys(&self);

    /// Whether to look a key up; or how long to wait.
    fn may_ask(
        &self,
        asker: Asker,
        digest: Option<Digest>,
        elapsed: Duration,
    ) -> impl Future<Output = Result<Asking, Duration>> + Send;

    fn was_nobodys(&self, asking: &Asking, elapsed: Duration) -> impl Future<Output = ()> + Send;

    fn was_somebodys(&self, asking: &Asking) -> impl Future<Output = ()> + Send;
}
