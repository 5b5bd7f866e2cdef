//! Who may try a password: the throttle, with the portal's time.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sallyport::{
    clock::Elapsed,
    limit::whole_seconds,
    throttle::{Attempt, Throttle, Throttled, Who},
};

/// The attempts of everybody, in memory.
pub struct Attempts {
    throttle: Mutex<Throttle>,
    elapsed: Elapsed,
}

impl Attempts {
    pub fn new(elapsed: Elapsed) -> Self {
        Self { throttle: Mutex::default(), elapsed }
    }

    /// Asked before a password is hashed, so that a flood costs nothing.
    pub fn begin(&self, who: Who, account: &str) -> Result<Attempt, Throttled> {
        self.lock().attempt(who, account, (self.elapsed)())
    }

    pub fn was_right(&self, attempt: Attempt) {
        self.lock().was_right(attempt);
    }

    /// Nobody could tell whether it was right.
    pub fn take_back(&self, attempt: Attempt) {
        self.lock().take_back(attempt);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// "Too many wrong passwords. Try again in 40 seconds."
pub fn wait_message(wait: Duration) -> String {
    let seconds = whole_seconds(wait);
    let (count, unit) = if seconds < 120 { (seconds, "second") } else { (seconds.div_ceil(60), "minute") };
    let plural = if count == 1 { "" } else { "s" };
    format!("Too many wrong passwords. Try again in {count} {unit}{plural}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_in_words() {
        for (millis, words) in
            [(1, "1 second."), (59_001, "60 seconds."), (120_000, "2 minutes."), (120_001, "3 minutes.")]
        {
            let message = wait_message(Duration::from_millis(millis));
            assert!(message.ends_with(words), "{message}");
        }
    }
}
