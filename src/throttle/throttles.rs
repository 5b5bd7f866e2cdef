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
    fn was_right(&self, attempt: Attempt) -> impl Future<Output = ()> + Send;

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

    fn lock(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Throttles for InMemory {
    async fn begin(&self, who: Who, account: &str) -> Result<result::Result<Attempt, Throttled>> {
        Ok(self.lock().attempt(who, account, (self.elapsed)()))
    }

    async fn was_right(&self, attempt: Attempt) {
        self.lock().was_right(attempt);
    }

    async fn take_back(&self, attempt: Attempt) {
        self.lock().take_back(attempt);
    }
}
