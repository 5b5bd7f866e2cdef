//! The queues that there are, and what does their jobs.

use std::{pin::Pin, time::Duration};

use sallyport::{Result, job::Retries, store::Store, verifier::limiter::oldest};
use serde_json::Value;

/// What is deleted after a day or more is looked for this often.
const RETENTION: Duration = Duration::from_secs(60 * 60);

type Work = Pin<Box<dyn Future<Output = Result<()>> + Send>>;
type Handler = Box<dyn Fn(Store, Value) -> Work + Send + Sync>;

/// Jobs of one kind.
pub struct Queue {
    pub name: &'static str,
    pub retries: Retries,
    /// It has one job, which recurs.
    pub every: Option<Duration>,
    pub(super) handler: Handler,
}

impl Queue {
    /// Jobs that transactions add. The handler may be called again with what it did before: the worker may have been
    /// killed before that was noted.
    pub fn new<F>(name: &'static str, handler: impl Fn(Store, Value) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let handler = Box::new(move |store, payload| Box::pin(handler(store, payload)) as Work);
        Self { name, retries: Retries::STANDARD, every: None, handler }
    }

    /// One job that recurs.
    pub fn recurring<F>(name: &'static str, every: Duration, work: impl Fn(Store) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self { every: Some(every), ..Self::new(name, move |store, _| work(store)) }
    }
}

/// Those of the portal. A migration that takes one away deletes its jobs.
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
