//! What a store measures: how long it waits for connections, and how soon revocations took effect.

use std::time::Duration;

use super::{Store, readers::used};
use crate::metrics::{Histogram, SLOW, Snapshot};

pub(super) struct Measures {
    /// How long writes waited until they had begun: for a connection and, on SQLite, for the writer before.
    begins: Histogram,
    revocations: Histogram,
}

impl Default for Measures {
    fn default() -> Self {
        Self { begins: Histogram::new(SLOW), revocations: Histogram::new(SLOW) }
    }
}

impl Measures {
    pub(super) fn begun(&self, after: Duration) {
        self.begins.observe(after);
    }

    pub(super) fn revoked(&self, after: Duration) {
        self.revocations.observe(after);
    }
}

/// The state of a pool of connections.
pub struct Pool {
    /// `read` for pages, `write`, or `verify` for look-ups.
    pub name: &'static str,
    pub in_use: usize,
    pub most: usize,
    /// How long queries waited for a connection.
    pub waits: Snapshot,
}

/// What was measured up to now.
pub struct Measured {
    /// On PostgreSQL `read` and `write` are the same connections.
    pub pools: [Pool; 3],
    /// From the commit of a revocation until every node refused the key.
    pub revocations: Snapshot,
}

impl Store {
    pub fn measured(&self) -> Measured {
        let (pools, measures) = (&self.0.pools, &self.0.measures);
        let pool = |name, (in_use, most), waits| Pool { name, in_use, most, waits };
        Measured {
            pools: [
                pool("read", pools.read.used(), pools.read.waits()),
                pool("write", used(&pools.write), measures.begins.snapshot()),
                pool("verify", pools.verify.used(), pools.verify.waits()),
            ],
            revocations: measures.revocations.snapshot(),
        }
    }
}
