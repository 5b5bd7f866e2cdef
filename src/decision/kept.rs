//! A decision that is kept, and for how long.

use std::{sync::Arc, time::Duration};

use super::Decision;

/// For so long a decision can be read.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// A decision that is kept.
#[derive(Clone, Debug)]
pub struct KeptDecision {
    pub decision: Arc<Decision>,
    /// How many like it (of this key, with this verdict) came after it and were not kept.
    pub left_out: u64,
    /// Counts up: those of one moment have an order too.
    pub(super) place: u64,
}
