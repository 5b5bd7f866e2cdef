//! The attempts of everybody: behind a trait, since all nodes have to count alike.

use std::{
    result,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Attempt, Throttle, Throttled, Who};
use crate::{Result, clock::Elapsed};

/// Who may try a password. An error means that nothing can be said: the attempt is refused.
pub trait Throttles: Send + Sync {
    /// Asked before a password is hashed, so that a flood costs nothing. It counts as a mistake until it is taken back.
    fn begin(&self, who: Who, account: &str)
    -> impl Future<Output = Result<result::Result<Attempt, Throttled>>> + Send;

    /// It was right: nothing is held against them at this account any more.
    fn was_right(&self, attempt: Attempt) -> impl Future<Output = ()> + Send;

    /// Nobody could tell whether it was right.
    fn take_back(&self, attempt: Attempt) -> impl Future<Output = ()> + Send;
}

/// In the memory of one process, with the portal's time.
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
