//! Background tasks at a fixed pace, for data in memory. It is lost with the process, so a job would not help. All
//! other background work is a job.

use std::{pin::pin, sync::Arc, time::Duration};

use sallyport::{Result, node::RENEWED_EVERY, store::Store, verifier::Verifier};
use sallyport_app::context::Context;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use crate::jobs::{self, Queue};

/// How soon a change by another process is noticed, if the database does not tell.
const POLL: Duration = RENEWED_EVERY;
/// How soon `sallyport rekey` is noticed.
const KEYS_FOLLOWED: Duration = Duration::from_secs(1);
/// *Last used* is at most this old, plus one write.
const FLUSH: Duration = Duration::from_secs(2);

/// How long the last flush may take without writing anything: a database that hangs must not prevent the shutdown. While it
/// writes counts it goes on, up to the limit of the whole shutdown.
const STALLED: Duration = Duration::from_millis(1_500);
/// Until a failed last flush is repeated.
const AGAIN: Duration = Duration::from_millis(100);

/// The time limit of the last write to the activity log.
const LAST_WRITE: Duration = Duration::from_millis(2_500);

const LAST_POLL: Duration = Duration::from_secs(1);

/// The running tasks.
pub struct Workers {
    /// Write what keys were used for, and how often.
    pub flushes: [JoinHandle<()>; 2],
    pub others: Vec<JoinHandle<()>>,
}

/// They end when `stop` changes or its sender is dropped, after a last flush.
pub fn start(verifier: &Arc<Verifier>, context: &Context, queues: Vec<Queue>, stop: &watch::Receiver<bool>) -> Workers {
    Workers {
        // Separately: counts of many keys take a while.
        flushes: [
            tokio::spawn(flush(Arc::clone(verifier), Verifier::flush_uses, stop.clone())),
            tokio::spawn(flush(Arc::clone(verifier), Verifier::flush_counts, stop.clone())),
        ],
        others: vec![
            tokio::spawn(poll(Arc::clone(verifier), stop.clone())),
            tokio::spawn(close_lapsed_nodes(verifier.store().clone(), stop.clone())),
            tokio::spawn(follow_master_keys(verifier.store().clone(), stop.clone())),
            tokio::spawn(tell(context.clone(), stop.clone())),
            tokio::spawn(jobs::work(verifier.store().clone(), queues, stop.clone())),
        ],
    }
}

async fn poll(verifier: Arc<Verifier>, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = None;
    let mut notified = pin!(verifier.store().notified());
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = &mut notified => notified.set(verifier.store().notified()),
            _ = stop.changed() => return,
        }
        let mut polling = pin!(verifier.poll());
        let polled = tokio::select! {
            polled = &mut polling => polled,
            // Not cancelled: that would drop its connection, over which the next server learns that this one has
            // ended.
            _ = stop.changed() => {
                let _ = timeout(LAST_POLL, polling).await;
                return;
            }
        };
        // Logged only once.
        match polled {
            Ok(()) if failing.take().is_some() => tracing::info!("revocations are heard of again"),
            Ok(()) => {}
            Err(error) => {
                let why = error.to_string();
                if failing.as_ref() != Some(&why) {
                    tracing::warn!(%error, "revocations could not be polled");
                    failing = Some(why);
                }
            }
        }
    }
}

/// Closes nodes that do not renew their lease any more, so that no revocation waits for them.
async fn close_lapsed_nodes(store: Store, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while store.is_node() {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return,
        }
        if let Err(error) = store.close_lapsed_nodes().await {
            tracing::debug!(%error, "the other nodes could not be watched");
        }
    }
}

/// Reads a new master key, and lets it seal once the database says so.
async fn follow_master_keys(store: Store, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(KEYS_FOLLOWED);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = None;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return,
        }
        let failed = store.follow_master_keys().await.err().map(|error| error.to_string());
        // Logged only once.
        if let Some(error) = failed.as_ref().filter(|failed| failing.as_ref() != Some(*failed)) {
            tracing::warn!(%error, "the master keys could not be followed");
        }
        failing = failed;
    }
}

/// Writes refused acts and exports to the activity log.
async fn tell(context: Context, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(FLUSH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = false;
    while !last {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => last = true,
        }
        // With a time limit: a database that hangs must not prevent the shutdown.
        match timeout(LAST_WRITE, context.pending_events.flush(&context.store, last)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "refused acts could not be written to the activity log"),
            Err(_) => tracing::warn!("the database did not take the refused acts in time"),
        }
    }
}

async fn flush(verifier: Arc<Verifier>, write: impl AsyncFn(&Verifier) -> Result<()>, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(FLUSH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return while_it_writes(&verifier, last_flush(&verifier, &write)).await,
        }
        let mut flushing = pin!(write(&verifier));
        tokio::select! {
            flushed = &mut flushing => log(flushed),
            // A write in progress is not cancelled: it would be lost.
            _ = stop.changed() => {
                let rest = async {
                    log(flushing.await);
                    last_flush(&verifier, &write).await;
                };
                return while_it_writes(&verifier, rest).await;
            }
        }
    }
}

/// Gives up once nothing was written for a while.
async fn while_it_writes(verifier: &Verifier, flush: impl Future<Output = ()>) {
    let mut flush = pin!(flush);
    let mut written = verifier.batches_written();
    while timeout(STALLED, &mut flush).await.is_err() {
        let before = std::mem::replace(&mut written, verifier.batches_written());
        if before == written {
            tracing::warn!("what keys were used for last could not be written in time");
            return;
        }
    }
}

/// Repeated until it succeeds: another transaction may hold a row.
async fn last_flush(verifier: &Verifier, write: &impl AsyncFn(&Verifier) -> Result<()>) {
    while let Err(error) = write(verifier).await {
        log(Err(error));
        sleep(AGAIN).await;
    }
}

fn log(flushed: Result<()>) {
    if let Err(error) = flushed {
        tracing::warn!(%error, "what keys were used for could not be written");
    }
}
