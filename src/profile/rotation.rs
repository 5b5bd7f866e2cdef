//! How keys are rotated.

use std::time::Duration;

use serde::Deserialize;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the portal offers to replace the secret of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RotationKind {
    /// The key gets a new secret; the old one is accepted until its grace period ends, or until it is revoked.
    #[default]
    Grace,
    /// The same, as four steps: create, update, verify, revoke.
    Steps,
    /// Another key is generated like this one, and this one is revoked.
    ByHand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationRules {
    pub kind: RotationKind,
    /// How long the old secret is accepted unless something else is chosen.
    pub grace: Duration,
    pub longest_grace: Duration,
    /// Whether a key may rotate itself over HTTP.
    pub by_itself: bool,
}

impl RotationRules {
    /// The longest grace period that a profile may allow.
    pub const MOST: Duration = DAY.saturating_mul(30);
}

impl Default for RotationRules {
    fn default() -> Self {
        Self { kind: RotationKind::default(), grace: DAY, longest_grace: Self::MOST, by_itself: false }
    }
}
