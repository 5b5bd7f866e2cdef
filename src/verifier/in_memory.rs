//! The state of [`super::shared_state`] in the memory of one process. Verifiers that share it act as one.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use super::{
    limiter::Limiter,
    replays::Replays,
    shared_state::{Asker, Asking, RateLimits, ReplayError, SeenSignatures, UnknownKeys},
    unknown::Unknown,
};
use crate::{
    Result, Timestamp,
    clock::Elapsed,
    id::{KeyId, OrgId},
    key::Digest,
    limit::{Day, DayCount, Judged, Limits, Now, StoredDay},
    signature::Proof,
};

/// All of the state. A clone shares it.
#[derive(Clone)]
pub struct InMemory {
    pub(super) limits: Arc<Limiter>,
    pub(super) signatures: Arc<Replays>,
    pub(super) keys: Arc<Unknown>,
    pub(super) tokens: Arc<Unknown>,
}

impl InMemory {
    /// An empty state. Signatures from before `now` may have been used in the previous process.
    pub fn new(now: Timestamp, elapsed: Elapsed) -> Self {
        Self {
            limits: Arc::default(),
            signatures: Arc::new(Replays::new(now).on(elapsed)),
            keys: Arc::default(),
            tokens: Arc::default(),
        }
    }
}

impl RateLimits for Limiter {
    async fn charge(&self, key: &KeyId, limits: &Limits, cost: NonZeroU32, now: Now) -> Result<Judged> {
        self.charge(key, limits, cost, now)
    }

    async fn peek(&self, key: &KeyId, limits: &Limits, cost: NonZeroU32, now: Now) -> Result<Judged> {
        self.peek(key, limits, cost, now)
    }

    fn read(&self, key: &KeyId, day: Day, stored: StoredDay) -> Result<()> {
        self.read(key, day, stored)
    }

    fn take(&self) -> Vec<(KeyId, DayCount)> {
        self.take()
    }

    fn put_back(&self, counts: Vec<(KeyId, DayCount)>) {
        self.put_back(counts);
    }

    fn forget(&self, now: Now) {
        self.forget(now);
    }
}

impl SeenSignatures for Replays {
    async fn take(&self, proof: &Proof, org: &OrgId, key: &KeyId, now: Timestamp) -> Result<Result<(), ReplayError>> {
        Ok(self.take(proof, org, key, now))
    }

    fn give_back(&self, proof: &Proof, org: &OrgId, key: &KeyId) {
        self.give_back(proof, org, key);
    }

    async fn peek(&self, proof: &Proof, org: &OrgId, key: &KeyId, now: Timestamp) -> Result<Result<(), ReplayError>> {
        Ok(self.peek(proof, org, key, now))
    }
}

impl UnknownKeys for Unknown {
    fn add<'a>(&self, digests: impl IntoIterator<Item = &'a Digest> + Clone) {
        self.add(digests);
    }

    fn knows(&self, digest: &Digest) -> bool {
        self.knows(digest)
    }

    fn is_nobodys(&self, digest: &Digest) -> bool {
        self.is_nobodys(digest)
    }

    fn forget_nobodys(&self) {
        self.forget_nobodys();
    }

    async fn may_ask(&self, asker: Asker, digest: Option<Digest>, elapsed: Duration) -> Result<Asking, Duration> {
        self.may_ask(asker, digest, elapsed)
    }

    async fn was_nobodys(&self, asking: &Asking, elapsed: Duration) {
        self.was_nobodys(asking, elapsed);
    }

    async fn was_somebodys(&self, asking: &Asking) {
        self.was_somebodys(asking);
    }
}
