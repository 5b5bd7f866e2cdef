//! The steps of a verdict, in their order.

use crate::{
    Timestamp,
    key::{Ask, KeyRecord, Verdict, verdict::Check},
    profile::Profile,
};

/// One step of a verdict: first the pure checks, then those that need a memory of what came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Check(Check),
    /// Is it signed where it must be, and by the right secret?
    Signature,
    /// Did this signature come before?
    Replay,
    /// Is there anything left of the key's limits?
    Limits,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    Passed,
    Failed,
    NotReached,
}

impl Step {
    /// In the order in which they are taken.
    pub fn all() -> impl Iterator<Item = Self> {
        Check::ALL.into_iter().map(Self::Check).chain([Self::Signature, Self::Replay, Self::Limits])
    }

    /// The step at which that verdict was reached. The pure checks are asked once more: they say what they said.
    pub fn that_refused(verdict: Verdict, ask: &Ask<'_>, key: &KeyRecord, profile: &Profile, now: Timestamp) -> Self {
        let pure = Check::ALL.into_iter().find(|check| check.refuses(ask, key, profile, now).is_some());
        match (verdict, pure) {
            (_, Some(check)) => Self::Check(check),
            (Verdict::RateLimited, None) => Self::Limits,
            (Verdict::Replayed, None) => Self::Replay,
            (_, None) => Self::Signature,
        }
    }
}
