//! The checks of a verification one by one, for the page that tests a request. Nothing is charged, remembered or
//! written.

use std::sync::Arc;

use super::{CachedKey, ChargeOutcome, Charged, Judged, Verifier, shared_state::SeenSignatures};
use crate::{
    Error, Result, Timestamp,
    decision::{Decision, Step, StepOutcome},
    id::KeyId,
    key::{Ask, KeyRecord, Verdict, verdict::Check},
    request::Client,
};

/// The result of a single check: its refusal, if it refuses; `None` if it had nothing to check.
type Said = Option<Option<Verdict>>;

/// The result of a tested request.
pub struct Trial {
    /// Each check by itself, whether or not one before it failed.
    pub steps: Vec<(Step, StepOutcome)>,
    /// With the refusal of the first check that failed.
    pub judged: Judged,
    /// The decision that would be recorded; it is not.
    pub decision: Option<Decision>,
}

impl Verifier {
    /// Runs the same checks as `judge` without any trace: no limit is charged, no signature used up, no use written.
    pub async fn try_out(&self, key: &KeyId, ask: &Ask<'_>, client: &Client) -> Result<Trial> {
        // From the database: the cache finds keys only by their secret.
        let stored = self.store.key_by_id(key).await?.ok_or(Error::NotFound)?;
        let (key, at) = (Arc::new(CachedKey::from(stored)), self.store.now());
        let profile = self.store.profile();
        let pure = Check::ALL.into_iter().map(|check| {
            let refused = check.refuses(ask, &key.record, profile, at);
            (Step::Check(check), Some(refused))
        });
        let mut said: Vec<_> = pure.collect();
        let (signature, replay) = self.look_at_signature(ask, &key, at).await?;
        let (limits, charged) = self.look_at_limits(&key.record, ask, at).await?;
        said.extend([(Step::Signature, Some(signature)), (Step::Replay, replay), (Step::Limits, Some(limits))]);
        let verdict = said.iter().find_map(|(_, refused)| refused.flatten()).unwrap_or(Verdict::Valid);
        let decision = (!verdict.is_valid()).then(|| Decision {
            rate: charged.map(|charged| charged.rate),
            ..Decision::new(client.request_id.clone(), verdict, ask, &key.record, profile, at)
        });
        let steps = said.into_iter().map(|(step, said)| (step, outcome(said))).collect();
        Ok(Trial { steps, judged: Judged::of_key(verdict, key, charged), decision })
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
                let free = self.signatures().peek(&proof, &record.owner.org_id, &record.key_id, at).await?;
                (None, Some(free.err().map(|_| Verdict::Replayed)))
            }
            Ok(None) => (None, Some(None)),
            // A wrong signature can't be a replay.
            Err(refused) => (Some(refused), None),
        })
    }

    async fn look_at_limits(
        &self,
        key: &KeyRecord,
        ask: &Ask<'_>,
        at: Timestamp,
    ) -> Result<(Option<Verdict>, Option<Charged>)> {
        if let ChargeOutcome::Unread(day) = self.peek(key, ask, at).await? {
            self.read_day(&key.key_id, day).await?;
        }
        match self.peek(key, ask, at).await? {
            ChargeOutcome::Passed(charged) => Ok((None, charged)),
            ChargeOutcome::Refused(charged) => Ok((Some(Verdict::RateLimited), Some(charged))),
            ChargeOutcome::Unread(_) => {
                Err(Error::Unavailable("the day's count was forgotten while it was read".to_owned()))
            }
        }
    }
}

fn outcome(said: Said) -> StepOutcome {
    match said {
        Some(None) => StepOutcome::Passed,
        Some(Some(_)) => StepOutcome::Failed,
        None => StepOutcome::NotReached,
    }
}
