//! Runs one job under a lease, and records its outcome.

use std::{pin::pin, sync::Arc, time::Duration};

use sallyport::{
    Error, Result,
    job::{LeasedJob, Retries},
    store::Store,
};
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use super::{Failure, Job, Queue};

/// When a lease expires, another worker may take the job. A live worker extends its lease three times in that time.
const LEASE: Duration = Duration::from_secs(60);
const EXTENDED: Duration = Duration::from_secs(20);

/// The time for a job's last write during a shutdown.
const LAST: Duration = Duration::from_secs(1);

/// Runs the jobs of a queue until none is due.
pub(super) async fn drain(
    store: Store,
    queue: Arc<Queue>,
    mut stop: watch::Receiver<bool>,
) -> (&'static str, Result<()>) {
    (queue.name, drained(&store, &queue, &mut stop).await)
}

async fn drained(store: &Store, queue: &Queue, stop: &mut watch::Receiver<bool>) -> Result<()> {
    loop {
        let mut leasing = pin!(store.lease_job(queue.name, LEASE));
        let leased = tokio::select! {
            leased = &mut leasing => leased,
            _ = stop.changed() => return match timeout(LAST, leasing).await {
                Ok(Ok(Some(job))) => hand_back(store, &job).await,
                _ => Ok(()),
            },
        };
        let Some(job) = leased? else { return Ok(()) };
        if Ended::Stopped == run(store, queue, &job, stop).await? {
            return Ok(());
        }
    }
}

#[derive(PartialEq)]
enum Ended {
    Settled,
    Stopped,
}

/// Runs the handler under the lease. On cancellation only the handler is dropped: its writes run to their end.
async fn run(store: &Store, queue: &Queue, job: &LeasedJob, stop: &mut watch::Receiver<bool>) -> Result<Ended> {
    if job.attempts > queue.retries.limit {
        // Failed attempts stop at the limit. More attempts mean that the server ended during them.
        let why = "The server ended while it ran, as often as it may be tried.".to_owned();
        failed(store, queue, job, Failure::temporary(why)).await?;
        return Ok(Ended::Settled);
    }
    let mut handler = JoinSet::new();
    handler.spawn((queue.handler)(store.clone(), Job { id: job.id.clone(), payload: job.payload.clone() }));
    let mut extensions = interval_at(Instant::now() + EXTENDED, EXTENDED);
    extensions.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut held_since = Instant::now();
    loop {
        tokio::select! {
            Some(done) = handler.join_next() => {
                settle(store, queue, job, done).await?;
                return Ok(Ended::Settled);
            }
            _ = extensions.tick() => {
                let asked = Instant::now();
                match store.extend_lease(job, LEASE).await {
                    Ok(true) => held_since = asked,
                    Ok(false) => {
                        tracing::warn!(job = %job.id, queue = queue.name, "a job took so long that another took it");
                        return Ok(Ended::Settled);
                    }
                    Err(error) if held_since.elapsed() >= LEASE => return Err(error),
                    Err(_) => {}
                }
            }
            _ = stop.changed() => {
                handler.shutdown().await;
                hand_back(store, job).await?;
                return Ok(Ended::Stopped);
            }
        }
    }
}

async fn settle(
    store: &Store,
    queue: &Queue,
    job: &LeasedJob,
    done: std::result::Result<std::result::Result<(), Failure>, JoinError>,
) -> Result<()> {
    match done {
        Ok(Ok(())) => store.finish_job(job).await.map(drop),
        Ok(Err(failure)) => failed(store, queue, job, failure).await,
        Err(error) => failed(store, queue, job, Failure::temporary(format!("The handler ended: {error}"))).await,
    }
}

async fn failed(store: &Store, queue: &Queue, job: &LeasedJob, failure: Failure) -> Result<()> {
    let Failure { why, is_permanent } = failure;
    let limit = if is_permanent { 0 } else { queue.retries.limit };
    if job.attempts >= limit {
        tracing::error!(job = %job.id, queue = queue.name, attempts = job.attempts, why, "a job failed for good");
    } else {
        tracing::warn!(job = %job.id, queue = queue.name, attempt = job.attempts, why, "a job failed; it is tried again");
    }
    store.fail_job(job, &why, &Retries { limit, ..queue.retries }).await.map(drop)
}

/// If that fails, the lease expires.
async fn hand_back(store: &Store, job: &LeasedJob) -> Result<()> {
    match timeout(LAST, store.hand_back_job(job)).await {
        Ok(handed) => handed.map(drop),
        Err(_) => Err(Error::Unavailable(format!("a job was not handed back within {LAST:?}"))),
    }
}
