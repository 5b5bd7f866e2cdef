//! The queues and their handlers.

use std::{pin::Pin, time::Duration};

use sallyport::{
    Error, Result,
    id::JobId,
    job::Retries,
    store::{EventRetention, REQUESTS_OF_ORG, Store, UsageRetention},
    verifier::limiter::oldest,
};
use serde_json::Value;

/// How often to delete expired data, all of which is kept for at least a day.
const RETENTION: Duration = Duration::from_secs(60 * 60);

/// Of a busy organization there are soon more requests than are kept.
const REQUESTS: Duration = Duration::from_secs(10 * 60);

/// Soon, as requests with such a secret are refused until then.
const SET_ASIDE: Duration = Duration::from_secs(60);

/// How often to delete short-lived keys that are over.
const KEYS_OF_RULES: Duration = Duration::from_secs(60);

/// The name of the queue that removes old events.
pub const PRUNING: &str = "prune_events";
const AUDIT_KEYS: &str = "rotate_audit_key";

/// How often to look for counts of deleted keys, which reads the whole index of counts from key to key.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);

type Work = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;
type Handler = Box<dyn Fn(Store, Job) -> Work + Send + Sync>;

/// A job, as its handler sees it.
pub struct Job {
    /// The same at each attempt.
    pub id: JobId,
    pub payload: Value,
}

/// Why a handler failed.
#[derive(Debug)]
pub struct Failure {
    pub(super) why: String,
    /// Whether to try again.
    pub(super) is_permanent: bool,
}

impl Failure {
    /// It is tried again later.
    pub fn temporary(why: String) -> Self {
        Self { why, is_permanent: false }
    }

    /// It is not tried again: that would fail, too.
    pub fn permanent(why: String) -> Self {
        Self { why, is_permanent: true }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::temporary(error.to_string())
    }
}

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
        Self::of_jobs(name, Retries::STANDARD, move |store, Job { payload, .. }| {
            let done = handler(store, payload);
            async move { Ok(done.await?) }
        })
    }

    /// The same with a handler that needs the job's id, or knows which failures are permanent.
    pub fn of_jobs<F>(
        name: &'static str,
        retries: Retries,
        handler: impl Fn(Store, Job) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let handler = Box::new(move |store, job| Box::pin(handler(store, job)) as Work);
        Self { name, retries, every: None, handler }
    }

    /// A queue with one recurring job.
    pub fn recurring<F>(name: &'static str, every: Duration, work: impl Fn(Store) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self { every: Some(every), ..Self::new(name, move |store, _| work(store)) }
    }
}

/// The queues of the portal, except `mail`. A migration that removes one has to delete its jobs.
pub fn queues(usage: UsageRetention) -> Vec<Queue> {
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
        Queue::recurring("delete_used_challenges", RETENTION, |store| async move {
            store.delete_used_challenges().await.map(drop)
        }),
        Queue::recurring("delete_password_resets", RETENTION, |store| async move {
            store.delete_password_resets().await.map(drop)
        }),
        Queue::recurring(
            "delete_invitations",
            RETENTION,
            |store| async move { store.delete_invitations().await.map(drop) },
        ),
        Queue::recurring(
            "delete_approvals",
            RETENTION,
            |store| async move { store.delete_approvals().await.map(drop) },
        ),
        Queue::recurring(
            "delete_handovers",
            RETENTION,
            |store| async move { store.delete_handovers().await.map(drop) },
        ),
        Queue::recurring("delete_keys_of_trust_rules", KEYS_OF_RULES, |store| async move {
            store.delete_keys_of_trust_rules().await.map(drop)
        }),
        Queue::recurring("delete_deliveries", RETENTION, |store| async move {
            // What the jobs of deleted endpoints did not get to.
            store.delete_webhooks().await?;
            store.delete_deliveries().await.map(drop)
        }),
        Queue::new("delete_webhooks", |store, _| async move { store.delete_webhooks().await.map(drop) }),
        Queue::recurring(
            "take_back_secrets",
            SET_ASIDE,
            |store| async move { store.take_back_undecided().await.map(drop) },
        ),
        Queue::recurring("delete_personal_tokens", RETENTION, |store| async move {
            store.delete_personal_tokens().await.map(drop)
        }),
        Queue::recurring("service_token_ends", RETENTION, |store| async move {
            store.tell_of_service_tokens().await.map(drop)
        }),
        Queue::recurring("delete_service_tokens", RETENTION, |store| async move {
            store.delete_service_tokens().await.map(drop)
        }),
        Queue::recurring("delete_used_refresh_tokens", RETENTION, |store| async move {
            store.delete_used_refresh_tokens().await.map(drop)
        }),
        Queue::recurring("delete_device_requests", RETENTION, |store| async move {
            store.delete_device_requests().await.map(drop)
        }),
        Queue::recurring("delete_imports", RETENTION, |store| async move { store.delete_imports().await.map(drop) }),
        Queue::recurring("delete_jobs", RETENTION, |store| async move { store.delete_ended_jobs().await.map(drop) }),
        Queue::recurring("delete_usage", RETENTION, move |store| async move {
            store.delete_old_usage(usage).await.map(drop)
        }),
        Queue::recurring("delete_key_requests", REQUESTS, |store| async move {
            store.delete_old_requests(REQUESTS_OF_ORG).await.map(drop)
        }),
        Queue::recurring(
            "rotate_capability_keys",
            RETENTION,
            |store| async move { store.rotate_capability_keys().await },
        ),
        Queue::recurring(
            "drop_retired_pepper",
            DAILY,
            |store| async move { store.drop_retired_pepper().await.map(drop) },
        ),
        Queue::recurring("delete_usage_of_deleted", DAILY, |store| async move {
            store.delete_usage_of_deleted().await.map(drop)
        }),
    ]
}

/// Removes old events, under the portal's name. Needed only where some are not kept for ever.
pub fn pruning(portal: String, kept: EventRetention) -> Queue {
    Queue::recurring(PRUNING, DAILY, move |store| {
        let portal = portal.clone();
        async move { store.prune_events(&portal, kept).await.map(drop) }
    })
}

/// Lets another key sign checkpoints once the one that signs is old.
pub fn audit_keys(age: Duration) -> Queue {
    Queue::recurring(AUDIT_KEYS, RETENTION, move |store| async move { store.rotate_old_audit_key(age).await.map(drop) })
}

#[cfg(test)]
mod tests {
    use sallyport::{
        job::title,
        key::rotation::CutOff,
        mail::QUEUE,
        store::{IMPORT_QUEUE, UsageRetention},
    };

    use super::{
        super::{checkpoints, forwarding, keys, webhooks},
        AUDIT_KEYS, PRUNING, queues,
    };

    #[test]
    fn each_queue_has_a_title() {
        let queues = queues(UsageRetention::default());
        let others =
            [QUEUE, PRUNING, AUDIT_KEYS, checkpoints::QUEUE, forwarding::QUEUE, keys::DEADLINES, CutOff::QUEUE];
        let others = others.into_iter().chain([webhooks::EVENTS, webhooks::DELIVERIES, IMPORT_QUEUE]);
        for name in queues.iter().map(|queue| queue.name).chain(others) {
            assert_ne!(title(name), name);
        }
    }
}
