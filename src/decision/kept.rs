//! A stored decision, and how long it is kept.

use std::{sync::Arc, time::Duration};

use super::Decision;

/// How long a decision can be read.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// A stored decision.
#[derive(Clone, Debug)]
pub struct KeptDecision {
    pub decision: Arc<Decision>,
    /// How many later decisions of the same key and verdict were not kept.
    pub left_out: u64,
    /// A counter, which also orders decisions of the same instant.
    pub(super) place: u64,
}
