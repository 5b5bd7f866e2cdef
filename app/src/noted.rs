//! Refused acts and exports, until they are written to the activity log.

use std::sync::{Mutex, PoisonError};

use sallyport::{
    Result,
    audit::{Act, NewEvent},
    clock::Elapsed,
    noted::Noted,
    store::Store,
};

/// What strangers did and what people did, apart: a flood of the one hides nothing of the other.
pub struct NotedActs {
    strangers: Mutex<Noted>,
    people: Mutex<Noted>,
    elapsed: Elapsed,
}

impl NotedActs {
    pub fn new(elapsed: Elapsed) -> Self {
        Self { strangers: Mutex::default(), people: Mutex::default(), elapsed }
    }

    /// Nothing is written while a request waits.
    pub fn note(&self, act: Act, event: NewEvent) {
        let noted = if act.actor.id().is_empty() { &self.strangers } else { &self.people };
        noted.lock().unwrap_or_else(PoisonError::into_inner).note(act, event);
    }

    /// Writes what is due.
    pub async fn flush(&self, store: &Store) -> Result<()> {
        let now = (self.elapsed)();
        for noted in [&self.people, &self.strangers] {
            let due = noted.lock().unwrap_or_else(PoisonError::into_inner).due(now);
            store.record_noted(due).await?;
        }
        Ok(())
    }
}
