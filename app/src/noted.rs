//! Refused acts and exports that wait to be written to the activity log.

use std::sync::{Mutex, PoisonError};

use sallyport::{
    Result,
    audit::{Act, NewEvent},
    clock::Elapsed,
    noted::Noted,
    store::Store,
};

/// Separate for unknown clients and for people, so that a flood of the former does not displace the latter.
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

    /// Writes what is due, or everything on shutdown. What could not be written is due again.
    pub async fn flush(&self, store: &Store, at_the_end: bool) -> Result<()> {
        let now = (self.elapsed)();
        let mut written = Ok(());
        for noted in [&self.people, &self.strangers] {
            let noted = || noted.lock().unwrap_or_else(PoisonError::into_inner);
            let due = noted().due(now, at_the_end);
            if let Err(error) = store.record_noted(due.clone()).await {
                noted().put_back(due);
                written = Err(error);
            }
        }
        written
    }
}
