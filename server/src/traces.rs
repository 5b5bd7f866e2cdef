//! Traces over OTLP: a span for each sampled request, sent in the background to the collector of the settings.
//!
//! Not by the crates of OpenTelemetry: they bring an SDK and a second HTTP client, whose compile time costs more than these
//! few messages, and our own client already checks certificates, sends tokens and has time limits. A request never waits: it
//! puts its span into a queue of a fixed size, or drops it.

mod export;
mod message;
mod span;

use std::{sync::Arc, time::Instant};

use sallyport::{
    Timestamp,
    entropy::{Entropy, IdEntropy},
    id::RequestId,
    metrics::Counter,
};
use tokio::sync::mpsc;

use crate::{collector::Collector, middleware::trace::Trace};
pub use export::Exporter;
use span::Span;

/// How many spans wait to be sent: less than a megabyte.
const QUEUE: usize = 2_048;

/// What became of spans.
#[derive(Default)]
pub struct Counts {
    /// The collector has them.
    pub exported: Counter,
    /// The queue was full.
    pub dropped: Counter,
    /// The collector did not take them.
    pub failed: Counter,
}

/// Begins and ends spans.
pub struct Tracer {
    /// A request is sampled if a random number is below this; `None` if all are.
    below: Option<u64>,
    entropy: IdEntropy,
    queue: mpsc::Sender<Span>,
    counts: Arc<Counts>,
}

/// The span of a request that is being answered.
#[derive(Clone, Copy)]
pub struct Started {
    pub trace: Trace,
    id: u64,
    began: Timestamp,
    since: Instant,
}

/// What is known about a request once it was answered.
pub struct Answered<'a> {
    pub method: &'static str,
    pub route: Option<&'a str>,
    pub status: u16,
    pub request_id: &'a RequestId,
}

impl Tracer {
    /// `ratio` is 0 to 1; `instance` names this process.
    pub fn new(ratio: f64, entropy: &dyn Entropy, collector: Collector, instance: String) -> (Arc<Self>, Exporter) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let counts = Arc::<Counts>::default();
        // As floating-point numbers are converted: to the nearest, and to the greatest.
        let below = (ratio < 1.0).then_some((ratio * u64::MAX as f64) as u64);
        let tracer = Self { below, entropy: IdEntropy::new(entropy), queue: sender, counts: Arc::clone(&counts) };
        (Arc::new(tracer), Exporter { queue, collector, instance, counts, is_failing: false })
    }

    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// `None` if the request is not sampled. A trusted proxy decides for the requests that it traces; others' wishes would let
    /// any client fill the queue.
    pub fn begin(&self, incoming: Option<Trace>, is_trusted: bool, now: impl FnOnce() -> Timestamp) -> Option<Started> {
        let is_sampled = match incoming.filter(|_| is_trusted) {
            Some(trace) => trace.is_sampled,
            None => self.below.is_none_or(|below| self.random() < below),
        };
        is_sampled.then(|| {
            let trace = incoming.unwrap_or_else(|| Trace::new(u128::from(self.id()) << 64 | u128::from(self.id())));
            Started { trace, id: self.id(), began: now(), since: Instant::now() }
        })
    }

    /// Never waits.
    pub fn end(&self, started: Started, answered: &Answered<'_>) {
        let span = Span {
            trace: started.trace.id,
            parent: started.trace.parent,
            id: started.id,
            began: started.began,
            took: started.since.elapsed(),
            method: answered.method,
            route: answered.route.map(Box::from),
            status: answered.status,
            request_id: answered.request_id.clone(),
        };
        if self.queue.try_send(span).is_err() {
            self.counts.dropped.increment();
        }
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    /// Never zero, which means none.
    fn id(&self) -> u64 {
        self.random().max(1)
    }
}

#[cfg(test)]
mod tests;
