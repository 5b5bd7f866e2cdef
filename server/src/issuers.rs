//! The public keys of issuers of ID tokens: found by OpenID Connect Discovery, fetched like a webhook is sent, and kept for a
//! while. A token that names an unknown key makes them be fetched again, at most once a minute.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use sallyport::{clock::Elapsed, trust_rule::KeySet};
use serde::Deserialize;
use tokio::{sync::Mutex, time::timeout};

use crate::outside::Outside;

/// They are fetched again after this time, and no longer used after that.
const FRESH: Duration = Duration::from_secs(10 * 60);
const KEPT: Duration = Duration::from_secs(60 * 60);

/// The least time between two fetches of one issuer's keys.
const PAUSE: Duration = Duration::from_secs(60);

/// For both documents, and the most of each.
const LIMIT: Duration = Duration::from_secs(10);
const SIZE: usize = 256 * 1024;

/// Issuers whose keys are kept.
const MOST: usize = 1_000;

/// As the issuer publishes them.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Default)]
struct Kept {
    keys: Option<(Arc<KeySet>, Duration)>,
    /// When they were asked for last.
    tried: Option<Duration>,
}

impl Kept {
    /// Those from at most so long ago.
    fn within(&self, age: Duration, now: Duration) -> Option<Arc<KeySet>> {
        self.keys.as_ref().filter(|(_, read)| now.saturating_sub(*read) < age).map(|(keys, _)| Arc::clone(keys))
    }
}

/// What is known of one issuer.
#[derive(Default)]
struct Issuer {
    kept: RwLock<Kept>,
    /// Held by whoever fetches its keys. Keys that are kept are read meanwhile.
    fetching: Mutex<()>,
}

impl Issuer {
    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, key_id: &str, now: Duration) -> Option<Arc<KeySet>> {
        self.kept().within(FRESH, now).filter(|keys| keys.has(key_id))
    }

    /// Whether they may be asked for now, which is noted.
    fn may_be_tried(&self, now: Duration) -> bool {
        let mut kept = self.kept_mut();
        let may = kept.tried.is_none_or(|tried| now.saturating_sub(tried) >= PAUSE);
        if may {
            kept.tried = Some(now);
        }
        may
    }
}

#[derive(Clone)]
pub struct Issuers {
    outside: Arc<Outside>,
    elapsed: Elapsed,
    known: Arc<RwLock<HashMap<String, Arc<Issuer>>>>,
}

/// The keys can't be had now; why is logged, and told to nobody.
#[derive(Debug)]
pub struct NoKeys;

impl Issuers {
    pub fn new(outside: Arc<Outside>, elapsed: Elapsed) -> Self {
        Self { outside, elapsed, known: Arc::default() }
    }

    /// The keys of an issuer, which has to be one that a rule names, with this one among them if there is one.
    pub async fn keys(&self, issuer: &str, key_id: &str) -> Result<Arc<KeySet>, NoKeys> {
        let known = self.issuer(issuer);
        if let Some(keys) = known.fresh(key_id, (self.elapsed)()) {
            return Ok(keys);
        }
        // On its own: somebody who asks and leaves does not end it, which would keep the keys from being read for a minute.
        let (this, issuer, key_id) = (self.clone(), issuer.to_owned(), key_id.to_owned());
        let fetching = tokio::spawn(async move { this.fetched(&known, &issuer, &key_id).await });
        fetching.await.unwrap_or(Err(NoKeys))
    }

    async fn fetched(&self, known: &Issuer, issuer: &str, key_id: &str) -> Result<Arc<KeySet>, NoKeys> {
        let _fetching = known.fetching.lock().await;
        let now = (self.elapsed)();
        if let Some(keys) = known.fresh(key_id, now) {
            return Ok(keys);
        }
        if known.may_be_tried(now) {
            match timeout(LIMIT, self.fetch(issuer)).await {
                Ok(Ok(keys)) => known.kept_mut().keys = Some((Arc::new(keys), now)),
                Ok(Err(why)) => tracing::warn!(issuer, why, "the keys of an issuer of ID tokens can't be read"),
                Err(_) => tracing::warn!(issuer, "an issuer of ID tokens did not send its keys in time"),
            }
        }
        // Those from before are as good as they were, for some time.
        let kept = known.kept().within(KEPT, now);
        kept.ok_or(NoKeys)
    }

    fn issuer(&self, issuer: &str) -> Arc<Issuer> {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(issuer) {
            return Arc::clone(known);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(issuer) {
            let oldest = known.iter().min_by_key(|(_, one)| one.kept().tried).map(|(name, _)| name.clone());
            oldest.and_then(|name| known.remove(&name));
        }
        Arc::clone(known.entry(issuer.to_owned()).or_default())
    }

    async fn fetch(&self, issuer: &str) -> Result<KeySet, String> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery = self.outside.get(&address, SIZE).await?;
        let discovery: Discovery =
            serde_json::from_slice(&discovery).map_err(|error| format!("{address} can't be read: {error}."))?;
        // Another could speak for it otherwise (OpenID Connect Discovery, section 4.3).
        if discovery.issuer != issuer {
            return Err(format!("{address} is of another issuer."));
        }
        KeySet::parse(&self.outside.get(&discovery.jwks_uri, SIZE).await?)
    }
}
