//! Revocation latency: the verifier of this process is asked, and how soon after the commit it refused is noted.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use super::Store;
use crate::{Result, id::KeyId, key::Digest};

type Answer = Pin<Box<dyn Future<Output = Result<bool>> + Send>>;
pub(super) type Prover = Box<dyn Fn(Digest) -> Answer + Send + Sync>;

impl Store {
    /// Whom to ask whether a key is refused now. There is one; a second is ignored.
    pub fn proved_by<F>(&self, prover: impl Fn(Digest) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<bool>> + Send + 'static,
    {
        let _ = self.0.prover.set(Box::new(move |digest| Box::pin(prover(digest))));
    }

    /// Notes how long it took from the commit until the key was refused. It was revoked whatever becomes of this, so the
    /// answer does not wait for it, and a failure leaves it unproved.
    pub(super) fn prove_refused(&self, key: &KeyId, digest: Digest, committed: Instant) {
        let Some(prover) = self.0.prover.get() else { return };
        let (store, key, refused) = (self.clone(), key.to_string(), prover(digest));
        self.afterwards(async move {
            if matches!(refused.await, Ok(true)) {
                let micros = i64::try_from(committed.elapsed().as_micros()).unwrap_or(i64::MAX);
                store.note(|waiting| {
                    waiting.refused_after.insert(key, micros);
                });
            }
        });
    }
}

pub(super) fn duration(micros: i64) -> Option<Duration> {
    u64::try_from(micros).ok().map(Duration::from_micros)
}
