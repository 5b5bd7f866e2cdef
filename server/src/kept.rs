//! What another server publishes, such as its keys: kept for a while, and fetched again. Those who use it decide when.

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use tokio::sync::{Mutex, MutexGuard};

/// It is fetched again after this time, and no longer used after that.
pub const FRESH: Duration = Duration::from_secs(10 * 60);
pub const KEPT: Duration = Duration::from_secs(60 * 60);

/// The least time between two fetches because of an unknown key.
pub const PAUSE: Duration = Duration::from_secs(60);

struct State<T> {
    value: Option<(Arc<T>, Duration)>,
    /// When it was asked for last.
    tried: Option<Duration>,
}

pub struct Kept<T> {
    /// Never locked for longer than it takes to look.
    state: RwLock<State<T>>,
    fetching: Mutex<()>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { state: RwLock::new(State { value: None, tried: None }), fetching: Mutex::default() }
    }
}

impl<T> Kept<T> {
    fn state(&self) -> RwLockReadGuard<'_, State<T>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// That from at most so long ago.
    pub fn within(&self, age: Duration, now: Duration) -> Option<Arc<T>> {
        let state = self.state();
        let found = state.value.as_ref().filter(|(_, read)| now.saturating_sub(*read) < age);
        found.map(|(value, _)| Arc::clone(value))
    }

    /// When it was asked for last.
    pub fn tried(&self) -> Option<Duration> {
        self.state().tried
    }

    /// Whether it was asked for within this time. If not, that is noted.
    pub fn was_tried(&self, within: Duration, now: Duration) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let was = state.tried.is_some_and(|tried| now.saturating_sub(tried) < within);
        if !was {
            state.tried = Some(now);
        }
        was
    }

    pub fn keep(&self, value: T, now: Duration) -> Arc<T> {
        let value = Arc::new(value);
        self.state.write().unwrap_or_else(PoisonError::into_inner).value = Some((Arc::clone(&value), now));
        value
    }

    /// Whoever fetches holds this, and others that need what is newer wait for them.
    pub async fn fetching(&self) -> MutexGuard<'_, ()> {
        self.fetching.lock().await
    }
}
