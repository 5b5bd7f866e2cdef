//! How several nodes on one PostgreSQL agree on what is revoked: a node judges keys only under a lease, and a change that
//! takes something away is answered once no lease can hold without it. See docs/nodes.md.
//!
//! The types here know neither a clock nor a database: the server, the model and the simulation run the same code.

mod confirmation;
mod lapsed;
mod lease;

use std::time::Duration;

pub use confirmation::{Confirmation, Confirmed, NodeRow, Refusal};
pub use lapsed::Lapsed;
pub use lease::{Next, NodeLease, Renewal};

/// How often a node renews its lease.
pub const RENEWED_EVERY: Duration = Duration::from_millis(250);

/// The times that all nodes of a database agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// How long a renewal lets a node judge keys, by its own clock, from when it sent the renewal.
    pub lease: Duration,
    /// By how much others wait longer than a lease, since clocks run at different speeds.
    pub drift: Duration,
}

/// With these, no clock may be wrong by more than 4 % of the time that passes: 1.04 / 0.96 is less than 1.1.
pub const TERMS: Terms = Terms { lease: Duration::from_secs(1), drift: Duration::from_millis(100) };

impl Terms {
    /// After this time, by any clock, a lease that was renewed before has ended.
    pub fn wait(self) -> Duration {
        self.lease + self.drift
    }
}
