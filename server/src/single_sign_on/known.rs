//! What an issuer publishes about itself, and its keys: kept for a while, and fetched again once a token names an unknown key.

use std::{
    future::Future,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sallyport::clock::Elapsed;
use tokio::sync::Mutex;

use super::types::Metadata;

/// They are fetched again after this time, and no longer used after that.
const FRESH: Duration = Duration::from_secs(10 * 60);
const KEPT: Duration = Duration::from_secs(60 * 60);

/// The least time between two fetches because of an unknown key, and after one that failed.
const PAUSE: Duration = Duration::from_secs(60);
const PAUSE_OF_FAILED: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Kept {
    metadata: Option<(Arc<Metadata>, Duration)>,
    /// When it was asked for last.
    tried: Option<Duration>,
}

pub(super) struct Known {
    elapsed: Elapsed,
    kept: RwLock<Kept>,
    /// Held by whoever fetches.
    fetching: Mutex<()>,
}

impl Known {
    pub(super) fn new(elapsed: Elapsed) -> Self {
        Self { elapsed, kept: RwLock::default(), fetching: Mutex::default() }
    }

    /// That from at most so long ago.
    fn within(&self, age: Duration) -> Option<Arc<Metadata>> {
        let (kept, now) = (self.kept.read().unwrap_or_else(PoisonError::into_inner), (self.elapsed)());
        let found = kept.metadata.as_ref().filter(|(_, read)| now.saturating_sub(*read) < age);
        found.map(|(metadata, _)| Arc::clone(metadata))
    }

    /// Whether it was asked for within this time. If not, that is noted.
    fn was_tried(&self, within: Duration) -> bool {
        let now = (self.elapsed)();
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let was = kept.tried.is_some_and(|tried| now.saturating_sub(tried) < within);
        if !was {
            kept.tried = Some(now);
        }
        was
    }

    async fn fetch<F: Future<Output = Result<Metadata, String>>>(
        &self,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<Metadata>, String> {
        let metadata = Arc::new(fetch().await?);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.metadata = Some((Arc::clone(&metadata), (self.elapsed)()));
        Ok(metadata)
    }

    /// What is known, fetched if it is old. That from before is as good as it was, for some time.
    pub(super) async fn get<F: Future<Output = Result<Metadata, String>>>(
        &self,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<Metadata>, String> {
        if let Some(fresh) = self.within(FRESH) {
            return Ok(fresh);
        }
        let _fetching = self.fetching.lock().await;
        if let Some(fresh) = self.within(FRESH) {
            return Ok(fresh);
        }
        let failed = if self.was_tried(PAUSE_OF_FAILED) {
            "it failed a moment ago".to_owned()
        } else {
            match self.fetch(fetch).await {
                Ok(fetched) => return Ok(fetched),
                Err(why) => why,
            }
        };
        self.within(KEPT).ok_or(failed)
    }

    /// It is fetched again, because a key is unknown; `None` if that was done a short time ago.
    pub(super) async fn renewed<F: Future<Output = Result<Metadata, String>>>(
        &self,
        fetch: impl FnOnce() -> F,
    ) -> Option<Result<Arc<Metadata>, String>> {
        let _fetching = self.fetching.lock().await;
        if self.was_tried(PAUSE) {
            return None;
        }
        Some(self.fetch(fetch).await)
    }
}
