//! Refuses changes while the collector of the audit log is overdue, if the operator requires it.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::{Store, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{NewEvent, Outcome},
};

pub(super) struct ForwardGate {
    /// Until when changes are admitted. Without a check in time they are refused: nobody knows then what the collector has.
    until: AtomicI64,
    /// This server requires the collector, whatever another one noted in the database.
    required: AtomicBool,
}

impl Default for ForwardGate {
    /// Changes wait for no collector.
    fn default() -> Self {
        Self { until: AtomicI64::new(i64::MAX), required: AtomicBool::new(false) }
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
        let gate = &self.0.forward_gate;
        // A server that is set otherwise, or somebody with the database, took the requirement away.
        let otherwise = if gate.required.load(Ordering::Relaxed) { i64::MIN } else { i64::MAX };
        gate.until.store(until.map_or(otherwise, Timestamp::micros), Ordering::Relaxed);
        Ok(self.admits_changes())
    }

    pub(super) fn require_collector(&self, required: bool) {
        self.0.forward_gate.required.store(required, Ordering::Relaxed);
    }

    /// Whether changes are admitted.
    pub fn admits_changes(&self) -> bool {
        self.now().micros() <= self.0.forward_gate.until.load(Ordering::Relaxed)
    }
}

impl Tx {
    /// Fails if what this event tells of has to wait for the collector.
    pub(super) fn needs_collector(&self, new: &NewEvent) -> Result<()> {
        let waits = new.outcome == Outcome::Done && new.action.waits_for_collector();
        if waits && !self.store().admits_changes() { Err(Error::NotForwarded) } else { Ok(()) }
    }
}
