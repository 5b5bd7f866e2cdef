//! The checks of a verdict one by one, for the page that tests a request. Nothing is charged, remembered or written.

use std::sync::Arc;

use sallyport::{
    Error, Result, Timestamp,
    decision::Step,
    id::KeyId,
    key::{Ask, KeyRecord, Verdict, verdict::Check},
};

use super::{CachedKey, Charged, Judged, Outcome, Verifier};

/// What a check said by itself: its refusal, if it refuses; nothing at all where it had nothing to look at.
pub type Said = Option<Option<Verdict>>;

pub struct Tried {
    pub steps: Vec<(Step, Said)>,
    /// With the refusal of the first check that failed.
    pub judged: Judged,
    pub at: Timestamp,
}

impl Verifier {
    pub async fn try_out(&self, key: &KeyId, ask: &Ask<'_>) -> Result<Tried> {
        // From the database: what is cached is found by the secret alone.
        let stored = self.store.key_by_id(key).await?.ok_or(Error::NotFound)?;
        let (key, at) = (Arc::new(CachedKey::from(stored)), self.store.now());
        let profile = self.store.profile();
        let pure = Check::ALL.into_iter().map(|check| {
            let refused = check.refuses(ask, &key.record, profile, at);
            (Step::Check(check), Some(refused))
        });
        let mut steps: Vec<_> = pure.collect();
        let (signature, replay) = self.look_at_signature(ask, &key, at).await?;
        let (limits, charged) = self.look_at_limits(&key.record, ask, at).await?;
        steps.extend([(Step::Signature, Some(signature)), (Step::Replay, replay), (Step::Limits, Some(limits))]);
        let verdict = steps.iter().find_map(|(_, refused)| refused.flatten()).unwrap_or(Verdict::Valid);
        Ok(Tried { steps, judged: Judged::of_key(verdict, key, charged), at })
    }

    async fn look_at_signature(
        &self,
        ask: &Ask<'_>,
        key: &CachedKey,
        at: Timestamp,
    ) -> Result<(Option<Verdict>, Said)> {
        Ok(match self.proof(ask, key, at).await? {
            Ok(Some(proof)) => {
                let record = &key.record;
                let free = self.replays.peek(&proof, &record.owner.org_id, &record.key_id, at);
                (None, Some(free.err().map(|_| Verdict::Replayed)))
            }
            Ok(None) => (None, Some(None)),
            // A signature that is wrong is no replay of anything.
            Err(refused) => (Some(refused), None),
        })
    }

    async fn look_at_limits(
        &self,
        key: &KeyRecord,
        ask: &Ask<'_>,
        at: Timestamp,
    ) -> Result<(Option<Verdict>, Option<Charged>)> {
        if let Outcome::Unread(day) = self.peek(key, ask, at)? {
            self.read_day(&key.key_id, day).await?;
        }
        match self.peek(key, ask, at)? {
            Outcome::Passed(charged) => Ok((None, charged)),
            Outcome::Refused(charged) => Ok((Some(Verdict::RateLimited), Some(charged))),
            Outcome::Unread(_) => Err(Error::Unavailable("the day's count was forgotten while it was read".to_owned())),
        }
    }
}
