//! The steps of a verification, in order.

use crate::{
    Timestamp,
    key::{Ask, KeyRecord, Verdict, verdict::Check},
    profile::Profile,
};

/// One step of a verification: first the pure checks, then those that depend on earlier requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Check(Check),
    /// Whether the request is signed if required, and with the right secret.
    Signature,
    /// Whether this signature was used before.
    Replay,
    /// Whether the key's limits allow another request.
    Limits,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    Passed,
    Failed,
    NotReached,
}

impl Step {
    /// In the order in which they are checked.
    pub fn all() -> impl Iterator<Item = Self> {
        Check::ALL.into_iter().map(Self::Check).chain([Self::Signature, Self::Replay, Self::Limits])
    }

    /// The step that produced that verdict. The pure checks are run again and give the same result.
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
