//! The public keys of issuers of ID tokens: found by OpenID Connect Discovery, fetched like a webhook is sent, and kept for a
//! while. A token that names an unknown key makes them be fetched again, at most once a minute.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
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

/// One issuer: who fetches its keys locks it, and others wait for them.
type Issuer = Arc<Mutex<Kept>>;

pub struct Issuers {
    outside: Arc<Outside>,
    elapsed: Elapsed,
    known: RwLock<HashMap<String, Issuer>>,
}

/// The keys can't be had now; why is logged, and told to nobody.
#[derive(Debug)]
pub struct NoKeys;

impl Issuers {
    pub fn new(outside: Arc<Outside>, elapsed: Elapsed) -> Self {
        Self { outside, elapsed, known: RwLock::default() }
    }

    /// The keys of an issuer, which has to be one that a rule names, with this one among them if there is one.
    pub async fn keys(&self, issuer: &str, key_id: &str) -> Result<Arc<KeySet>, NoKeys> {
        let kept = self.issuer(issuer);
        let mut kept = kept.lock().await;
        let now = (self.elapsed)();
        if let Some(keys) = kept.within(FRESH, now).filter(|keys| keys.has(key_id)) {
            return Ok(keys);
        }
        if kept.tried.is_none_or(|tried| now.saturating_sub(tried) >= PAUSE) {
            kept.tried = Some(now);
            match timeout(LIMIT, self.fetch(issuer)).await {
                Ok(Ok(keys)) => kept.keys = Some((Arc::new(keys), now)),
                Ok(Err(why)) => tracing::warn!(issuer, why, "the keys of an issuer of ID tokens can't be read"),
                Err(_) => tracing::warn!(issuer, "an issuer of ID tokens did not send its keys in time"),
            }
        }
        // Those from before are as good as they were, for some time.
        kept.within(KEPT, now).ok_or(NoKeys)
    }

    fn issuer(&self, issuer: &str) -> Issuer {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(issuer) {
            return Arc::clone(known);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(issuer) {
            // Whoever is fetching keeps what it has.
            known.clear();
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
