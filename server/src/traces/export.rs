//! Sends spans to a collector, many at once. What it does not take is dropped: nothing waits for it.

use std::{mem, pin::pin, sync::Arc, time::Duration};

use prost::Message;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::{
    Counts,
    message::{ExportTraceServiceRequest, InstrumentationScope, KeyValue, Resource, ResourceSpans, ScopeSpans},
    span::Span,
};
use crate::collector::Collector;

/// The most spans that are sent at once.
const BATCH: usize = 512;
/// How long spans wait for others.
const GATHERED: Duration = Duration::from_secs(2);
/// For what is left when the server ends.
const LAST: Duration = Duration::from_secs(1);

/// The receiving end of the queue, and where its spans go.
pub struct Exporter {
    pub(super) queue: mpsc::Receiver<Span>,
    pub(super) collector: Collector,
    /// The name of this process among others.
    pub(super) instance: String,
    pub(super) counts: Arc<Counts>,
    pub(super) is_failing: bool,
}

impl Exporter {
    /// Works until `stop` changes, and then sends what is left.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut batch = Vec::with_capacity(BATCH);
        {
            let mut working = pin!(self.work(&mut batch));
            tokio::select! {
                () = &mut working => return,
                _ = stop.changed() => {}
            }
        }
        self.queue.close();
        while let Ok(span) = self.queue.try_recv() {
            batch.push(span);
        }
        let left = batch.len();
        if left > 0 && timeout(LAST, self.send(&mut batch)).await.is_err() {
            self.counts.failed.add(left as u64);
        }
    }

    async fn work(&mut self, batch: &mut Vec<Span>) {
        while self.queue.recv_many(batch, BATCH).await > 0 {
            let _ = timeout(GATHERED, self.gather(batch)).await;
            self.send(batch).await;
        }
    }

    /// Until the batch is full.
    async fn gather(&mut self, batch: &mut Vec<Span>) {
        while batch.len() < BATCH && self.queue.recv_many(batch, BATCH - batch.len()).await > 0 {}
    }

    /// Empties the batch once its outcome is known.
    async fn send(&mut self, batch: &mut Vec<Span>) {
        let request = self.request(batch).encode_to_vec();
        let sent = self.collector.post("application/x-protobuf", request).await;
        let count = mem::take(batch).len() as u64;
        match sent {
            Ok(()) => {
                self.counts.exported.add(count);
                if mem::take(&mut self.is_failing) {
                    tracing::info!("spans are sent again");
                }
            }
            Err(why) => {
                self.counts.failed.add(count);
                // Said once, and counted as long as it lasts.
                if !mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(%why, "spans could not be sent and are dropped");
                }
            }
        }
    }

    fn request(&self, batch: &[Span]) -> ExportTraceServiceRequest {
        let version = env!("CARGO_PKG_VERSION");
        let attributes = [
            ("service.name", "sallyport"),
            ("service.version", version),
            ("service.instance.id", self.instance.as_str()),
        ];
        let attributes = attributes.map(|(key, value)| KeyValue::text(key, value)).into();
        let scope = InstrumentationScope { name: "sallyport".to_owned(), version: version.to_owned() };
        let spans = batch.iter().cloned().map(Span::message).collect();
        let scope_spans = vec![ScopeSpans { scope: Some(scope), spans }];
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans { resource: Some(Resource { attributes }), scope_spans }],
        }
    }
}
