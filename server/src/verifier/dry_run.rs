//! The checks of a verdict one by one, for the page that tests a request. Nothing is charged, remembered or written.

use std::sync::Arc;

use sallyport::{
    Error, Result, Timestamp,
    decision::Step,
    id::KeyId,
    key::{Ask, KeyRecord, Verdict, verdict::Check},
};

use super::{CachedKey, Verifier};

/// What each check said by itself.
pub struct Tried {
    pub key: Arc<KeyRecord>,
    pub at: Timestamp,
    /// With its refusal; nothing at all for one that had nothing to look at.
    pub steps: Vec<(Step, Option<Option<Verdict>>)>,
}

impl Tried {
    /// That of the first check that failed.
    pub fn verdict(&self) -> Verdict {
        self.steps.iter().find_map(|(_, refused)| refused.flatten()).unwrap_or(Verdict::Valid)
    }
}

impl Verifier {
    pub async fn try_out(&self, key: &KeyId, ask: &Ask<'_>) -> Result<Tried> {
        // From the database: what is cached is found by the secret alone.
        let record = self.store.key_by_id(key).await?.ok_or(Error::NotFound)?;
        let (key, now) = (CachedKey::from(record), self.store.now());
        let profile = self.store.profile();
        let pure = Check::ALL.into_iter().map(|check| {
            let refused = check.refuses(ask, &key.record, profile, now);
            (Step::Check(check), Some(refused))
        });
        let mut steps: Vec<_> = pure.collect();
        let (signature, proof) = match self.proof(ask, &key, now).await? {
            Ok(proof) => (None, proof),
            Err(refused) => (Some(refused), None),
        };
        steps.push((Step::Signature, Some(signature)));
        let (org, id) = (&key.record.owner.org_id, &key.record.key_id);
        let replay = proof.map(|proof| self.replays.peek(&proof, org, id, now).err().map(|_| Verdict::Replayed));
        // A signature that is wrong is no replay of anything.
        let replay = replay.or_else(|| signature.is_none().then_some(None));
        steps.push((Step::Replay, replay));
        Ok(Tried { key: key.record, at: now, steps })
    }
}
