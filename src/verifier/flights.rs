//! Single flight: concurrent requests for the same value share one load and its result.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{Error, Result};
use tokio::sync::OnceCell;

/// A result for all who wait, or the error.
type Cell<V> = OnceCell<std::result::Result<V, String>>;

/// The loads in progress. Finished ones are removed: a later request starts a new one.
pub struct Flights<K, V>(Mutex<HashMap<K, Arc<Cell<V>>>>);

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Flights<K, V> {
    /// The result of `ask`, or of a load in progress for the same key. If the caller that loads is cancelled, the
    /// next one takes over.
    pub async fn join<F: Future<Output = Result<V>>>(&self, key: K, ask: impl FnOnce() -> F) -> Result<V> {
        let seat = Seat::take(self, key);
        let cell = seat.cell.as_ref().expect("given up when it is dropped");
        let answer = cell.get_or_init(|| async { ask().await.map_err(reason) }).await;
        answer.clone().map_err(Error::Unavailable)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<K, Arc<Cell<V>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reason(error: Error) -> String {
    match error {
        Error::Unavailable(why) => why,
        other => other.to_string(),
    }
}

/// A waiter for a result.
struct Seat<'a, K: Clone + Eq + Hash, V: Clone> {
    flights: &'a Flights<K, V>,
    key: K,
    /// `None` once it is released.
    cell: Option<Arc<Cell<V>>>,
}

impl<'a, K: Clone + Eq + Hash, V: Clone> Seat<'a, K, V> {
    fn take(flights: &'a Flights<K, V>, key: K) -> Self {
        let cell = Some(Arc::clone(flights.open().entry(key.clone()).or_default()));
        Self { flights, key, cell }
    }
}

/// The first that has the result, or the last that was cancelled, removes the load.
impl<K: Clone + Eq + Hash, V: Clone> Drop for Seat<'_, K, V> {
    fn drop(&mut self) {
        let mut open = self.flights.open();
        // Released while the table is locked: of two waiters that are cancelled at once, one is the last.
        let Some(mine) = self.cell.take() else { return };
        let is_this = open.get(&self.key).is_some_and(|cell| Arc::ptr_eq(cell, &mine));
        let is_answered = mine.initialized();
        drop(mine);
        // Only the table still references it.
        if is_this && (is_answered || open.get(&self.key).is_some_and(|cell| Arc::strong_count(cell) == 1)) {
            open.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use tokio::{sync::Notify, task::JoinSet};

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_are_one_question() {
        let (flights, asked) = (Arc::new(Flights::default()), Arc::new(AtomicUsize::new(0)));
        let answer = Arc::new(Notify::new());
        let mut askers = JoinSet::new();
        for _ in 0..100 {
            let (flights, asked, answer) = (Arc::clone(&flights), Arc::clone(&asked), Arc::clone(&answer));
            askers.spawn(async move {
                let ask = || async {
                    asked.fetch_add(1, Ordering::SeqCst);
                    answer.notified().await;
                    Ok(7)
                };
                flights.join("key", ask).await.expect("answered")
            });
        }
        // The table's reference, and those of all waiters.
        while flights.open().get("key").is_none_or(|cell| Arc::strong_count(cell) <= 100) {
            tokio::task::yield_now().await;
        }
        answer.notify_one();
        assert!(askers.join_all().await.iter().all(|answer| *answer == 7));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert!(flights.open().is_empty(), "who comes later asks anew");
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_and_not_repeated_for_each() {
        let flights: Flights<_, u8> = Flights::default();
        let failed = flights.join("key", || async {
            // The other one joins in the meantime.
            tokio::task::yield_now().await;
            Err(Error::Unavailable("gone".to_owned()))
        });
        let other = flights.join("key", || async { panic!("asked again") });
        let (failed, other) = tokio::join!(failed, other);
        for error in [failed.unwrap_err(), other.unwrap_err()] {
            assert!(matches!(&error, Error::Unavailable(why) if why == "gone"), "{error}");
        }
        assert!(flights.open().is_empty());
    }

    #[tokio::test]
    async fn one_who_gives_up_leaves_the_question_to_the_next() {
        let flights = Flights::default();
        tokio::select! {
            biased;
            _ = flights.join("key", pending::<Result<u8>>) => panic!("nobody answers"),
            () = std::future::ready(()) => {}
        }
        assert!(flights.open().is_empty());
        assert_eq!(flights.join("key", || async { Ok(1) }).await.expect("answered"), 1);
    }
}
