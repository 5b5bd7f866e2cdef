//! The state of [`super::shared_state`] in the memory of one process. Verifiers that share it act as one.

use std::sync::Arc;

use super::{
    limiter::Limiter,
    replays::Replays,
    shared_state::{ReplayError, SeenSignatures},
    unknown::Unknown,
};
use crate::{
    Result, Timestamp,
    clock::Elapsed,
    id::{KeyId, OrgId},
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
    /// An empty state of a process whose signatures, and those of processes before it, are remembered elsewhere.
    pub fn remembering_all(elapsed: Elapsed) -> Self {
        Self::new(Timestamp::from_micros(i64::MIN), elapsed)
    }

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

impl SeenSignatures for Replays {
    async fn take(&self, proof: &Proof, org: &OrgId, key: &KeyId, now: Timestamp) -> Result<Result<u64, ReplayError>> {
        Ok(self.take(proof, org, key, now).map(|()| 0))
    }

    fn give_back(&self, proof: &Proof, org: &OrgId, key: &KeyId, _claim: u64) {
        self.give_back(proof, org, key);
    }

    async fn peek(&self, proof: &Proof, org: &OrgId, key: &KeyId, now: Timestamp) -> Result<Result<(), ReplayError>> {
        Ok(self.peek(proof, org, key, now))
    }
}
