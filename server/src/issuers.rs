//! The public keys of issuers of ID tokens: found by OpenID Connect Discovery, fetched like a webhook is sent, and kept for a
//! while. A token that names an unknown key makes them be fetched again, at most once a minute.
//!
//! A fetch goes on when whoever asked for it is gone, or else one who hangs up would keep others from the keys for that minute. Nobody
//! waits for it who needs a key that is known.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sallyport::{clock::Elapsed, trust_rule::KeySet};
use serde::Deserialize;
use tokio::time::timeout;
use tracing::Instrument;

use crate::{
    kept::{FRESH, KEPT, Kept, PAUSE},
    outside::Outside,
};

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

/// One issuer.
type Issuer = Kept<KeySet>;

/// Those that are fresh, if this key is among them.
fn with(known: &Issuer, key_id: &str, now: Duration) -> Option<Arc<KeySet>> {
    known.within(FRESH, now).filter(|keys| keys.has(key_id))
}

pub struct Issuers(Arc<Parts>);

struct Parts {
    outside: Arc<Outside>,
    elapsed: Elapsed,
    known: RwLock<HashMap<String, Arc<Issuer>>>,
}

/// The keys can't be had now; why is logged, and told to nobody.
#[derive(Debug)]
pub struct NoKeys;

impl Issuers {
    pub fn new(outside: Arc<Outside>, elapsed: Elapsed) -> Self {
        Self(Arc::new(Parts { outside, elapsed, known: RwLock::default() }))
    }

    /// The keys of an issuer, which has to be one that a rule names, with this one among them if there is one.
    pub async fn keys(&self, issuer: &str, key_id: &str) -> Result<Arc<KeySet>, NoKeys> {
        let known = self.0.issuer(issuer);
        if let Some(keys) = with(&known, key_id, (self.0.elapsed)()) {
            return Ok(keys);
        }
        let (parts, issuer, key_id) = (Arc::clone(&self.0), issuer.to_owned(), key_id.to_owned());
        // A task of its own, which does not end with the request.
        let look_up = async move { parts.newer_keys(&known, &issuer, &key_id).await };
        tokio::spawn(look_up.in_current_span()).await.unwrap_or(Err(NoKeys))
    }
}

impl Parts {
    /// After whoever fetches them now.
    async fn newer_keys(&self, known: &Issuer, issuer: &str, key_id: &str) -> Result<Arc<KeySet>, NoKeys> {
        let _fetching = known.fetching().await;
        let now = (self.elapsed)();
        if let Some(keys) = with(known, key_id, now) {
            return Ok(keys);
        }
        if !known.was_tried(PAUSE, now) {
            match timeout(LIMIT, self.fetch(issuer)).await {
                Ok(Ok(keys)) => drop(known.keep(keys, now)),
                Ok(Err(why)) => tracing::warn!(issuer, why, "the keys of an issuer of ID tokens can't be read"),
                Err(_) => tracing::warn!(issuer, "an issuer of ID tokens did not send its keys in time"),
            }
        }
        // Those from before are as good as they were, for some time.
        known.within(KEPT, now).ok_or(NoKeys)
    }

    fn issuer(&self, issuer: &str) -> Arc<Issuer> {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(issuer) {
            return Arc::clone(known);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(issuer) {
            // The one that was asked longest ago, or else many issuers of one app would take the keys of all others. One that
            // was not asked yet is about to be.
            let oldest = known.iter().min_by_key(|(_, issuer)| issuer.tried().unwrap_or(Duration::MAX));
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                known.remove(&oldest);
            }
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
