//! Starts measuring, and the listener where measurements are read.

use std::{path::Path, sync::Arc};

use super::{
    connections::Connections,
    listen::{Listener, own_url},
};
use crate::{
    metrics::{self, Listening, Requests, Scrape},
    serve::greet::say,
    server::Server,
    state::AppState,
    traces::Tracer,
};

/// Measures nothing unless there is a listener for it.
pub(super) fn measured(
    server: Server,
    state: &AppState,
    listener: Option<&Listener>,
    tracer: Option<Arc<Tracer>>,
) -> (Server, Option<Arc<Requests>>) {
    let requests = listener.map(|_| {
        state.verifier.measure();
        Arc::<Requests>::default()
    });
    (server.observed(requests.clone(), tracer), requests)
}

/// Answers scrapes, until the process ends.
pub(super) fn publish(
    listener: Listener,
    requests: Arc<Requests>,
    (state, server): (AppState, &Server),
    data: &Path,
    listeners: Vec<(&'static str, Arc<Connections>)>,
) -> Result<(), String> {
    say(&format!("Prometheus may read {}/metrics", own_url(listener.address()?)));
    let listeners = listeners
        .into_iter()
        .map(|(name, connections)| Listening { name, counts: Arc::new(move || connections.counts()) });
    let mut scrape = Scrape::new(state, requests, data.to_owned());
    scrape.listeners = listeners.collect();
    scrape.pages = server.page_pool().cloned();
    scrape.tracer = server.tracer().cloned();
    tokio::spawn(metrics::answer(listener.socket, Arc::new(scrape)));
    Ok(())
}
