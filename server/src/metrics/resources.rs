//! What can run out: connections, threads for pages and passwords, disk.

use std::{path::Path, sync::Arc};

use rustix::fs::statvfs;
use sallyport::{
    metrics::{Counter, Kind, Text},
    passwords::Passwords,
};

use crate::{
    page_pool::PageQueue,
    traces::{Counts, Tracer},
};

/// The connections of a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    pub open: usize,
    pub most: usize,
    /// Since the start.
    pub refused: u64,
    pub accepted: u64,
}

/// A listener, by its name, and how its connections are counted.
pub struct Listening {
    pub name: &'static str,
    pub counts: Arc<dyn Fn() -> ConnectionCounts + Send + Sync>,
}

pub(super) fn write_connections(listeners: &[Listening], text: &mut Text) {
    let counted: Vec<_> = listeners.iter().map(|listening| (listening.name, (listening.counts)())).collect();
    let mut each = |name, kind, help, value: fn(ConnectionCounts) -> u64| {
        text.begin(name, kind, help);
        for (listener, counts) in &counted {
            text.sample(&[("listener", listener)], value(*counts));
        }
    };
    each("sallyport_connections", Kind::Gauge, "Open connections.", |of| of.open as u64);
    each("sallyport_connections_max", Kind::Gauge, "Connections that there may be.", |of| of.most as u64);
    each("sallyport_connections_accepted_total", Kind::Counter, "Connections that were accepted.", |of| of.accepted);
    let help = "Connections that were closed at once because there were too many.";
    each("sallyport_connections_refused_total", Kind::Counter, help, |of| of.refused);
}

pub(super) fn write_queues(passwords: &Passwords, pages: Option<PageQueue>, text: &mut Text) {
    let queue = passwords.queue();
    let help = "Passwords that are hashed, or wait for that.";
    text.begin("sallyport_password_hashes", Kind::Gauge, help);
    text.sample(&[("state", "running")], queue.running).sample(&[("state", "waiting")], queue.waiting);
    let help = "Sign-ins that were refused because too many passwords waited.";
    text.single("sallyport_password_hashes_refused_total", Kind::Counter, help, queue.refused);
    let Some(pages) = pages else { return };
    text.begin("sallyport_pages", Kind::Gauge, "Pages that are rendered, or wait for that.");
    text.sample(&[("state", "running")], pages.running).sample(&[("state", "waiting")], pages.waiting);
    let help = "Pages that were answered 503 because too many were requested.";
    text.single("sallyport_pages_refused_total", Kind::Counter, help, pages.refused);
}

pub(super) fn write_spans(tracer: Option<&Tracer>, text: &mut Text) {
    let help = "Spans of requests; dropped: the queue was full, failed: the collector did not take them.";
    text.begin("sallyport_trace_spans_total", Kind::Counter, help);
    let counts = tracer.map(Tracer::counts);
    let count = |of: fn(&Counts) -> &Counter| counts.map_or(0, |counts| of(counts).get());
    text.sample(&[("outcome", "exported")], count(|counts| &counts.exported));
    text.sample(&[("outcome", "dropped")], count(|counts| &counts.dropped));
    text.sample(&[("outcome", "failed")], count(|counts| &counts.failed));
}

pub(super) fn write_disk(data: &Path, text: &mut Text) {
    let Ok(disk) = statvfs(data) else { return };
    let help = "Free space of the disk with the data folder, for this user.";
    text.single("sallyport_disk_free_bytes", Kind::Gauge, help, disk.f_bavail * disk.f_frsize);
    let help = "Size of the disk with the data folder.";
    text.single("sallyport_disk_size_bytes", Kind::Gauge, help, disk.f_blocks * disk.f_frsize);
}
