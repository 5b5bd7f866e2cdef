//! The queues and their handlers.

use std::{pin::Pin, time::Duration};

use sallyport::{Result, job::Retries, store::Store, verifier::limiter::oldest};
use serde_json::Value;

/// How often to delete expired data, all of which is kept for at least a day.
const RETENTION: Duration = Duration::from_secs(60 * 60);

type Work = Pin<Box<dyn Future<Output = Result<()>> + Send>>;
type Handler = Box<dyn Fn(Store, Value) -> Work + Send + Sync>;

/// Jobs of one kind.
pub struct Queue {
    pub name: &'static str,
    pub retries: Retries,
    /// Set if the queue has exactly one, recurring job.
    pub every: Option<Duration>,
    pub(super) handler: Handler,
}

impl Queue {
    /// A queue for jobs that transactions add. The handler may be called again for work that it already did: the
    /// worker may have been killed before that was recorded.
    pub fn new<F>(name: &'static str, handler: impl Fn(Store, Value) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let handler = Box::new(move |store, payload| Box::pin(handler(store, payload)) as Work);
        Self { name, retries: Retries::STANDARD, every: None, handler }
    }

    /// A queue with one recurring job.
    pub fn recurring<F>(name: &'static str, every: Duration, work: impl Fn(Store) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self { every: Some(every), ..Self::new(name, move |store, _| work(store)) }
    }
}

/// The queues of the portal. A migration that removes one has to delete its jobs.
pub fn queues() -> Vec<Queue> {
    vec![
        Queue::recurring(
            "delete_idempotency",
            RETENTION,
            |store| async move { store.forget_repeats().await.map(drop) },
        ),
        Queue::recurring(
            "delete_key_days",
            RETENTION,
            |store| async move { store.forget_days(oldest(store.now())).await },
        ),
        Queue::recurring("delete_sessions", RETENTION, |store| async move {
            store.delete_expired_sessions().await.map(drop)
        }),
        Queue::recurring("delete_jobs", RETENTION, |store| async move { store.delete_ended_jobs().await.map(drop) }),
    ]
}
