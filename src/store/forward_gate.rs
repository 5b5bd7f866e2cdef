//! Refuses changes while the collector of the audit log is overdue, if the operator requires it.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{Store, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{NewEvent, Outcome},
};

/// Until when changes are admitted. Without a check in time they are refused: nobody knows then what the collector has.
pub(super) struct ForwardGate(AtomicI64);

impl Default for ForwardGate {
    /// Changes wait for no collector.
    fn default() -> Self {
        Self(AtomicI64::new(i64::MAX))
    }
}

impl Store {
    /// Looks how long the oldest event has waited, and admits changes accordingly. A server whose collector is required
    /// calls this all the time. Returns whether changes are admitted.
    pub async fn check_forwarding(&self) -> Result<bool> {
        // Before reading: what is recorded later can't be overdue sooner.
        let now = self.now();
        let forwarding = self.forwarding().await?;
        let until = forwarding.and_then(|forwarding| {
            let after = forwarding.refuse_after?;
            Some(forwarding.refuses_from().unwrap_or(now + after))
        });
        self.0.forward_gate.0.store(until.map_or(i64::MAX, Timestamp::micros), Ordering::Relaxed);
        Ok(self.admits_changes())
    }

    /// Whether changes are admitted.
    pub fn admits_changes(&self) -> bool {
        self.now().micros() <= self.0.forward_gate.0.load(Ordering::Relaxed)
    }
}

impl Tx {
    /// Fails if what this event tells of has to wait for the collector.
    pub(super) fn needs_collector(&self, new: &NewEvent) -> Result<()> {
        let waits = new.outcome == Outcome::Done && new.action.waits_for_collector();
        if waits && !self.store().admits_changes() { Err(Error::NotForwarded) } else { Ok(()) }
    }
}
