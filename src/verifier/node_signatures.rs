//! Used signatures, as one of several nodes remembers them: claimed in Redis, if there is one, before a verdict is final.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    Error, Result, Timestamp,
    id::{KeyId, OrgId},
    over_redis::{Redis, SignatureClaim, WithoutRedis},
    signature::Proof,
};

use super::{
    replays::Replays,
    shared_state::{ReplayError, SeenSignatures},
};

pub struct NodeSignatures {
    /// What this node accepted: it bounds how many signatures of a key it remembers.
    local: Arc<Replays>,
    redis: Option<Redis>,
    /// Numbers claims, so that returning one does not return a later one.
    claims: AtomicU64,
}

impl NodeSignatures {
    pub fn new(local: Arc<Replays>, redis: Option<Redis>) -> Self {
        Self { local, redis, claims: AtomicU64::default() }
    }

    /// Redis does not know whether the signature was used. One late answer is no reason to accept it alone: that makes all
    /// signatures invalid that were made before.
    fn unclaimed(redis: &Redis) -> Result<()> {
        if redis.without() == WithoutRedis::Local && !(redis.is_there() && redis.keeps_signatures()) {
            return Ok(());
        }
        Err(Error::Unavailable("signatures can't be remembered, since Redis does not answer; try again".to_owned()))
    }
}

fn found(claim: SignatureClaim) -> std::result::Result<(), ReplayError> {
    match claim {
        SignatureClaim::Claimed => Ok(()),
        SignatureClaim::Seen => Err(ReplayError::Seen),
        SignatureClaim::Forgotten => Err(ReplayError::Forgotten),
    }
}

/// Returns it unless it was claimed, also if the request is dropped meanwhile: the claim may have arrived, and only its answer be
/// late.
struct Held<'a> {
    local: &'a Replays,
    redis: &'a Redis,
    claim: u64,
    proof: &'a Proof,
    org: &'a OrgId,
    key: &'a KeyId,
}

impl Held<'_> {
    /// Redis said so: there is nothing to return there.
    fn not_claimed(self) {
        self.local.give_back(self.proof, self.org, self.key);
        std::mem::forget(self);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.local.give_back(self.proof, self.org, self.key);
        self.redis.release(self.proof, self.key, self.claim);
    }
}

impl SeenSignatures for NodeSignatures {
    async fn take(&self, proof: &Proof, org: &OrgId, key: &KeyId, now: Timestamp) -> Result<Result<u64, ReplayError>> {
        let claim = self.claims.fetch_add(1, Ordering::Relaxed);
        if let Err(refused) = self.local.take(proof, org, key, now) {
            return Ok(Err(refused));
        }
        let Some(redis) = &self.redis else { return Ok(Ok(claim)) };
        let held = Held { local: &self.local, redis, claim, proof, org, key };
        match Box::pin(redis.claim(proof, key, claim)).await.map(found) {
            Ok(Ok(())) => {}
            Ok(Err(refused)) => {
                held.not_claimed();
                return Ok(Err(refused));
            }
            Err(_) => {
                Self::unclaimed(redis)?;
                redis.accept_alone();
            }
        }
        std::mem::forget(held);
        Ok(Ok(claim))
    }

    fn give_back(&self, proof: &Proof, org: &OrgId, key: &KeyId, claim: u64) {
        self.local.give_back(proof, org, key);
        if let Some(redis) = &self.redis {
            redis.release(proof, key, claim);
        }
    }

    async fn peek(&self, proof: &Proof, org: &OrgId, key: &KeyId, now: Timestamp) -> Result<Result<(), ReplayError>> {
        let here = self.local.peek(proof, org, key, now);
        let (Some(redis), Ok(())) = (&self.redis, here) else { return Ok(here) };
        match redis.is_claimed(proof, key).await.map(found) {
            Ok(found) => Ok(found),
            Err(_) => Self::unclaimed(redis).map(Ok),
        }
    }
}
