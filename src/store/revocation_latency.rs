//! Revocation latency: how soon after the commit the verifier of this process refused the key.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use super::Store;
use crate::{Result, id::KeyId, key::Digest};

type Answer = Pin<Box<dyn Future<Output = Result<bool>> + Send>>;
pub(super) type Prover = Box<dyn Fn(Digest) -> Answer + Send + Sync>;

impl Store {
    /// Sets the check for whether a key is refused. There is one; a second is ignored.
    pub fn proved_by<F>(&self, prover: impl Fn(Digest) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<bool>> + Send + 'static,
    {
        let _ = self.0.prover.set(Box::new(move |digest| Box::pin(prover(digest))));
    }

    /// Notes how long it took from the commit until the key was refused with each of its secrets. The revocation does
    /// not depend on it: the response does not wait, and if the check fails the latency stays unknown.
    pub(super) fn prove_refused(&self, key: &KeyId, digests: Vec<Digest>, committed: Instant) {
        let Some(prover) = self.0.prover.get() else { return };
        let refusals: Vec<_> = digests.into_iter().map(prover).collect();
        let (store, key) = (self.clone(), key.to_string());
        self.afterwards(async move {
            for refused in refusals {
                if !matches!(refused.await, Ok(true)) {
                    return;
                }
            }
            let micros = i64::try_from(committed.elapsed().as_micros()).unwrap_or(i64::MAX);
            store.note(|waiting| {
                waiting.refused_after.insert(key, micros);
            });
        });
    }
}

pub(super) fn duration(micros: i64) -> Option<Duration> {
    u64::try_from(micros).ok().map(Duration::from_micros)
}
