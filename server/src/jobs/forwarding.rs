//! Sends the events of the audit log to a collector: at least once, in the order of each log.

use std::{sync::Arc, time::Duration};

use sallyport::{job::Retries, store::Store};
use tokio::time::{Instant, sleep};

use super::{Failure, Queue};
use crate::collector::Collector;

/// The name of the queue.
pub const QUEUE: &str = "audit_forward";

/// How soon new events are looked for, and how long a run of the job looks for them.
const PAUSE: Duration = Duration::from_secs(1);
const RUN: Duration = Duration::from_secs(60);

/// It is tried until the collector takes the events.
const RETRIES: Retries = Retries { limit: u32::MAX, first: PAUSE, longest: Duration::from_secs(30) };

pub fn queue(collector: Collector) -> Queue {
    let collector = Arc::new(collector);
    let queue = Queue::of_jobs(QUEUE, RETRIES, move |store, _| {
        let collector = collector.clone();
        async move { run(&collector, &store).await }
    });
    Queue { every: Some(PAUSE), ..queue }
}

async fn run(collector: &Collector, store: &Store) -> Result<(), Failure> {
    let until = Instant::now() + RUN;
    loop {
        forward(collector, store).await?;
        if Instant::now() >= until {
            return Ok(());
        }
        sleep(PAUSE).await;
    }
}

/// Sends what is there. Events whose sending was not noted, because the server was killed or another sent them too, are sent
/// again.
pub async fn forward(collector: &Collector, store: &Store) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let batch = store.events_to_forward(&after).await?;
        if batch.is_empty() {
            if after.is_empty() {
                return Ok(());
            }
            after.clear();
            continue;
        }
        if let Err(why) = collector.send_events(&batch.events).await {
            store.forwarding_failed(&why).await?;
            return Err(Failure::temporary(why));
        }
        batch.last_chain().clone_into(&mut after);
        store.forwarded(batch).await?;
    }
}
