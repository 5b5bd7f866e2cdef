//! Refusals of requests: the request, the state of the key, and the first check that failed. Kept in memory for a
//! day, for members of the key's organization.

mod decisions;
mod kept;
mod plain;
mod request_record;
mod ring;
mod step;

use std::{mem, sync::Arc};

use crate::{
    Timestamp,
    id::{OrgId, RequestId},
    key::{Ask, KeyRecord, Verdict},
    limit::Rate,
    profile::Profile,
};

pub use decisions::Decisions;
pub use kept::KeptDecision;
pub use plain::plain;
pub use request_record::{Caller, RequestRecord, SignedText};
pub use step::{Step, StepOutcome};

/// One refused request of a known key.
#[derive(Clone, Debug)]
pub struct Decision {
    pub at: Timestamp,
    pub request_id: RequestId,
    pub verdict: Verdict,
    /// The first check that failed. Earlier checks passed, later ones were not reached.
    pub step: Step,
    pub asked: RequestRecord,
    /// The key at that time. It contains no secret.
    pub key: Arc<KeyRecord>,
    /// The state of the limit that refused.
    pub rate: Option<Rate>,
}

impl Decision {
    pub fn new(
        request_id: RequestId,
        verdict: Verdict,
        ask: &Ask<'_>,
        key: &KeyRecord,
        profile: &Profile,
        at: Timestamp,
    ) -> Self {
        let step = Step::that_refused(verdict, ask, key, profile, at);
        let asked = RequestRecord::new(ask, profile, at);
        Self { at, request_id, verdict, step, asked, key: Arc::new(key.clone()), rate: None }
    }

    pub fn org_id(&self) -> &OrgId {
        &self.key.owner.org_id
    }

    /// Every check in order, with its outcome.
    pub fn steps(&self) -> impl Iterator<Item = (Step, StepOutcome)> {
        let mut reached = true;
        Step::all().map(move |step| {
            let outcome = match (step == self.step, reached) {
                (true, _) => StepOutcome::Failed,
                (false, true) => StepOutcome::Passed,
                (false, false) => StepOutcome::NotReached,
            };
            reached &= step != self.step;
            (step, outcome)
        })
    }

    /// Its approximate size in bytes, assuming that it alone holds its key's record.
    fn weight(&self) -> usize {
        let key = &self.key;
        let metadata = if key.metadata().is_empty() { 0 } else { 4 * 1024 };
        let extras = if key.extras.is_some() { 2 * 1024 } else { 0 };
        let record = mem::size_of::<KeyRecord>() + key.label.len() + 256 + metadata + extras;
        mem::size_of::<Self>() + self.asked.weight() + record
    }
}

#[cfg(test)]
mod tests;
