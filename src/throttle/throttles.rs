//! Throttling of all attempts: behind a trait, because all nodes have to share the counts.

use std::{
    result,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Attempt, Throttle, Throttled, Who};
use crate::{Result, clock::Elapsed};

/// Admits password attempts. On an error the attempt is refused.
pub trait Throttles: Send + Sync {
    /// Called before a password is hashed, so that a flood is cheap. The attempt counts as wrong until it is taken
    /// back.
    fn begin(&self, who: Who, account: &str)
    -> impl Future<Output = Result<result::Result<Attempt, Throttled>>> + Send;

    /// The password was correct: clears the counts of this client and account.
    fn succeeded(&self, attempt: Attempt) -> impl Future<Output = ()> + Send;

    /// The password could not be checked.
    fn take_back(&self, attempt: Attempt) -> impl Future<Output = ()> + Send;
}

/// In the memory of one process, with the portal's monotonic clock.
pub struct InMemory {
    throttle: Mutex<Throttle>,
    elapsed: Elapsed,
}

impl InMemory {
    pub fn new(elapsed: Elapsed) -> Self {
        Self { throttle: Mutex::default(), elapsed }
    }

    /// The same as `begin`, on one of several nodes that count for themselves.
    pub fn begin_on_one_of(&self, nodes: u32, who: Who, account: &str) -> result::Result<Attempt, Throttled> {
        self.lock().attempt_on_one_of(nodes, who, account, (self.elapsed)())
    }

    /// Counts an attempt that is judged by what all nodes counted.
    pub fn note(&self, who: Who, account: &str) -> Attempt {
        self.lock().note(who, account, (self.elapsed)())
    }

    /// What all nodes counted refuses an attempt that this one noted, by that of its counts.
    pub fn refused_elsewhere(&self, attempt: Attempt, refusing: usize) -> bool {
        self.lock().refused_elsewhere(attempt, refusing, (self.elapsed)())
    }

    /// The password was correct.
    pub fn note_success(&self, attempt: Attempt) {
        self.lock().succeeded(attempt);
    }

    /// The password could not be checked.
    pub fn withdraw(&self, attempt: Attempt) {
        self.lock().take_back(attempt);
    }

    fn lock(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
