//! What an issuer publishes about itself, and its keys: kept for a while, and fetched again once a token names an unknown key.

use std::{future::Future, sync::Arc, time::Duration};

use sallyport::clock::Elapsed;

use super::types::Metadata;
use crate::kept::{FRESH, KEPT, Kept, PAUSE};

/// The least time between two fetches of which the first failed.
const PAUSE_OF_FAILED: Duration = Duration::from_secs(5);

pub(super) struct Known {
    elapsed: Elapsed,
    kept: Kept<Metadata>,
}

impl Known {
    pub(super) fn new(elapsed: Elapsed) -> Self {
        Self { elapsed, kept: Kept::default() }
    }

    fn within(&self, age: Duration) -> Option<Arc<Metadata>> {
        self.kept.within(age, (self.elapsed)())
    }

    fn was_tried(&self, within: Duration) -> bool {
        self.kept.was_tried(within, (self.elapsed)())
    }

    async fn fetch<F: Future<Output = Result<Metadata, String>>>(
        &self,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<Metadata>, String> {
        let metadata = fetch().await?;
        Ok(self.kept.keep(metadata, (self.elapsed)()))
    }

    /// What is known, fetched if it is old. That from before is as good as it was, for some time.
    pub(super) async fn get<F: Future<Output = Result<Metadata, String>>>(
        &self,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<Metadata>, String> {
        if let Some(fresh) = self.within(FRESH) {
            return Ok(fresh);
        }
        let _fetching = self.kept.fetching().await;
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
        let _fetching = self.kept.fetching().await;
        if self.was_tried(PAUSE) {
            return None;
        }
        Some(self.fetch(fetch).await)
    }
}
