//! The worker: leases due jobs, one of each queue at a time, and runs them.

pub mod checkpoints;
pub mod forwarding;
pub mod imports;
pub mod keys;
mod queues;
mod run;
#[cfg(test)]
mod tests;
pub mod webhooks;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use sallyport::{Result, job::NewJob, store::Store};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

pub use queues::{Failure, Job, Queue, audit_keys, pruning, queues};

/// How often to look for jobs that become due, or were added by another process.
const POLL: Duration = Duration::from_secs(1);

/// Works until `stop` changes. Unfinished jobs are then returned to the queue.
pub async fn work(store: Store, queues: Vec<Queue>, mut stop: watch::Receiver<bool>) {
    let mut worker = Worker { store, queues: queues.into_iter().map(Arc::new).collect(), is_scheduled: false };
    let mut doorbell = worker.store.job_doorbell();
    let mut running = JoinSet::new();
    let mut busy = BTreeSet::new();
    let (mut reading, mut writing) = (None, None);
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = doorbell.changed() => {}
            Some(ended) = running.join_next() => {
                let (queue, ended): (&'static str, Result<()>) = ended.expect("handlers that panic are caught");
                busy.remove(queue);
                let failed = ended.is_err();
                log_once(&mut writing, ended);
                if failed {
                    // The next tick tries again, and not sooner.
                    continue;
                }
            }
            _ = stop.changed() => break,
        }
        let due = tokio::select! {
            due = worker.due() => due,
            _ = stop.changed() => break,
        };
        let due = due.map(|due| {
            for queue in due {
                if busy.insert(queue.name) {
                    running.spawn(run::drain(worker.store.clone(), queue, stop.clone()));
                }
            }
        });
        log_once(&mut reading, due);
    }
    while running.join_next().await.is_some() {}
}

struct Worker {
    store: Store,
    queues: Vec<Arc<Queue>>,
    /// Whether the recurring job was added by this process.
    is_scheduled: bool,
}

impl Worker {
    async fn due(&mut self) -> Result<Vec<Arc<Queue>>> {
        if !self.is_scheduled {
            let recurs = |queue: &Arc<Queue>| Some((queue.name, queue.every?));
            let recurring = self.queues.iter().filter_map(recurs);
            let now = self.store.now();
            self.store.enqueue(recurring.map(|(name, every)| NewJob::recurring(name, every, now)).collect()).await?;
            self.is_scheduled = true;
        }
        let names: Vec<_> = self.queues.iter().map(|queue| queue.name).collect();
        let due = self.store.due_queues(&names).await?;
        Ok(self.queues.iter().filter(|queue| due.iter().any(|name| name == queue.name)).cloned().collect())
    }
}

/// Logs a repeated failure only once.
fn log_once(failing: &mut Option<String>, done: Result<()>) {
    match done {
        Ok(()) => *failing = None,
        Err(error) => {
            let why = error.to_string();
            if failing.as_ref() != Some(&why) {
                tracing::warn!(%error, "jobs could not be read or written");
                *failing = Some(why);
            }
        }
    }
}
