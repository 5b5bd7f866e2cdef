//! What runs beside the requests.

use std::{sync::Arc, time::Duration};

use sallyport::store::Store;
use sallyport_app::context::Context;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::verifier::{Verifier, limiter::oldest};

/// How soon a change by another process is seen here.
const POLL: Duration = Duration::from_millis(250);
/// *Last used* is at most this old, and one write more.
const FLUSH: Duration = Duration::from_secs(2);

/// The names of requests that were answered are kept for a day, counts of days for a day more, and both this longer.
const FORGET: Duration = Duration::from_secs(60 * 60);

/// Ends with the sender of `stop`, after a last flush.
pub fn start(verifier: &Arc<Verifier>, context: &Context, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    vec![
        tokio::spawn(poll(Arc::clone(verifier), stop.clone())),
        tokio::spawn(flush(Arc::clone(verifier), stop.clone())),
        tokio::spawn(tell(context.clone(), stop.clone())),
        tokio::spawn(forget(verifier.store().clone(), stop.clone())),
    ]
}

async fn poll(verifier: Arc<Verifier>, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return,
        }
        // A database that hangs must not keep the next poll from asking again.
        match timeout(Duration::from_secs(2), heard(&verifier)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "revocations could not be polled"),
            Err(_) => tracing::warn!("the database did not answer the poll for revocations"),
        }
    }
}

/// Alone on the database, and told of every revocation.
async fn heard(verifier: &Verifier) -> sallyport::Result<()> {
    verifier.store().hold_server_lock().await?;
    verifier.poll().await
}

async fn forget(store: Store, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(FORGET);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return,
        }
        if let Err(error) = store.forget_repeats().await {
            tracing::warn!(%error, "the names of old requests could not be forgotten");
        }
        if let Err(error) = store.forget_days(oldest(store.now())).await {
            tracing::warn!(%error, "the counts of old days could not be forgotten");
        }
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
        if let Err(error) = context.noted.flush(&context.store).await {
            tracing::warn!(%error, "refused acts could not be written to the activity log");
        }
    }
}

async fn flush(verifier: Arc<Verifier>, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(FLUSH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = false;
    while !last {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => last = true,
        }
        if let Err(error) = verifier.flush().await {
            tracing::warn!(%error, "what keys were used for could not be written");
        }
    }
}
