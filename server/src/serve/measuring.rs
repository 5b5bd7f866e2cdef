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
};

/// Measures nothing unless there is a listener for it.
pub(super) fn measured(
    server: Server,
    state: &AppState,
    listener: Option<&Listener>,
) -> (Server, Option<Arc<Requests>>) {
    if listener.is_none() {
        return (server, None);
    }
    state.verifier.measure();
    let requests = Arc::new(Requests::default());
    (server.measured(Arc::clone(&requests)), Some(requests))
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
    tokio::spawn(metrics::answer(listener.socket, Arc::new(scrape)));
    Ok(())
}
