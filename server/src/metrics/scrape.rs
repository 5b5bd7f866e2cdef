//! One scrape: everything that this server measures, as text.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use sallyport::{
    metrics::{Kind, Text},
    store::Backlogs,
};
use tokio::{sync::Mutex, time::timeout};

use super::{Listening, Requests, backlogs, journal, process, resources, verifier};
use crate::{page_pool::PagePool, state::AppState, traces::Tracer};

/// How long the database may take. Prometheus waits for ten seconds by default.
const LIMIT: Duration = Duration::from_secs(3);
/// What waits is not counted more often, whoever asks.
const KEPT: Duration = Duration::from_secs(4);

/// Where measurements are read.
pub struct Scrape {
    pub state: AppState,
    pub requests: Arc<Requests>,
    pub listeners: Vec<Listening>,
    pub pages: Option<PagePool>,
    pub tracer: Option<Arc<Tracer>>,
    /// The data folder.
    pub data: PathBuf,
    counted: Mutex<Option<(Instant, Arc<Backlogs>)>>,
}

impl Scrape {
    pub fn new(state: AppState, requests: Arc<Requests>, data: PathBuf) -> Self {
        Self { state, requests, listeners: Vec::new(), pages: None, tracer: None, data, counted: Mutex::default() }
    }

    /// Everything. If the database does not answer, what it knows is missing, and `sallyport_database_scraped` is 0.
    pub async fn text(&self) -> String {
        let context = &self.state.context;
        let (backlogs, checks) = tokio::join!(timeout(LIMIT, self.backlogs()), self.state.verifier.health());
        let mut text = Text::default();
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        text.begin("sallyport_build_info", Kind::Gauge, "The version.").sample(&version, 1);
        text.begin("sallyport_check_ok", Kind::Gauge, "The checks of /readyz: 1 if it is OK.");
        for check in &checks {
            text.sample(&[("check", check.name)], u8::from(check.ok));
        }
        self.requests.write(&mut text);
        verifier::write(&self.state.verifier, &mut text);
        journal::write(&context.store, &mut text);
        resources::write_connections(&self.listeners, &mut text);
        resources::write_queues(&context.passwords, self.pages.as_ref().map(PagePool::queue), &mut text);
        resources::write_spans(self.tracer.as_deref(), &mut text);
        resources::write_disk(&self.data, &mut text);
        process::write(&mut text);
        let backlogs = match backlogs {
            Ok(Ok(backlogs)) => Some(backlogs),
            Ok(Err(error)) => {
                tracing::debug!(%error, "what waits could not be counted");
                None
            }
            Err(_) => None,
        };
        let help = "Whether the database answered this scrape.";
        text.single("sallyport_database_scraped", Kind::Gauge, help, u8::from(backlogs.is_some()));
        if let Some(waiting) = backlogs {
            backlogs::write(&waiting, context.store.now(), &mut text);
        }
        text.finish()
    }

    async fn backlogs(&self) -> sallyport::Result<Arc<Backlogs>> {
        let mut counted = self.counted.lock().await;
        if let Some((at, backlogs)) = &*counted
            && at.elapsed() < KEPT
        {
            return Ok(Arc::clone(backlogs));
        }
        let backlogs = Arc::new(self.state.context.store.backlogs().await?);
        *counted = Some((Instant::now(), Arc::clone(&backlogs)));
        Ok(backlogs)
    }
}
