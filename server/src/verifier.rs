//! The verifier: from a presented key to a verdict, in memory once warm, closed when in doubt.

pub mod cache;
pub mod freshness;
mod last_used;
pub mod limiter;
pub mod replays;
mod shared;
mod signatures;
pub mod usage;

use std::sync::{Arc, Mutex, OnceLock};

use sallyport::{
    Error, Result,
    clock::Elapsed,
    key::{
        Ask, Digest, KeyRecord, Verdict,
        secret::Checked,
        verdict::{is_elsewhere, verdict},
    },
    root_token::{self, RootToken},
    store::{Change, SealedSigning, Store, Touched},
};
use sallyport_app::context::Client;

use cache::GenerationCache;
use freshness::Freshness;
use last_used::LastUsed;
use replays::Replays;
use shared::Shared;
use usage::Usage;

/// How often a verdict is judged anew because something was revoked meanwhile.
const ATTEMPTS: usize = 64;

/// A key in memory, and when it was last good.
pub struct CachedKey {
    pub record: KeyRecord,
    last_used: LastUsed,
    /// What it signs with, fetched with its first signature.
    signing: OnceLock<Option<Box<SealedSigning>>>,
}

/// A verdict with the key it is about, where it is about one.
pub struct Judged {
    pub verdict: Verdict,
    pub key: Option<Arc<CachedKey>>,
}

impl Judged {
    fn without_key(verdict: Verdict) -> Self {
        Self { verdict, key: None }
    }

    pub fn record(&self) -> Option<&KeyRecord> {
        self.key.as_ref().map(|key| &key.record)
    }
}

pub struct Verifier {
    store: Store,
    keys: GenerationCache<CachedKey>,
    shared: Shared,
    tokens: GenerationCache<RootToken>,
    usage: Usage,
    replays: Replays,
    freshness: Freshness,
    /// The revision of the database up to which the caches were told of every change.
    known: Mutex<i64>,
}

impl Verifier {
    /// A verifier that hears of every change the store makes.
    pub async fn start(store: Store, capacity: usize, elapsed: Elapsed) -> Result<Arc<Self>> {
        let known = Mutex::new(store.revision().await?);
        let verifier = Arc::new(Self {
            keys: GenerationCache::new(capacity),
            shared: Shared::default(),
            tokens: GenerationCache::new(1_000),
            usage: Usage::default(),
            replays: Replays::new(store.now()),
            freshness: Freshness::new(elapsed),
            known,
            store: store.clone(),
        });
        let told = Arc::downgrade(&verifier);
        store.on_change(move |change| {
            if let Some(verifier) = told.upgrade() {
                verifier.apply(change);
            }
        });
        let asked = Arc::downgrade(&verifier);
        store.proved_by(move |digest| {
            let verifier = asked.upgrade();
            async move {
                let verifier = verifier.ok_or_else(|| Error::Unavailable("the verifier ended".to_owned()))?;
                verifier.refuses(&digest).await
            }
        });
        Ok(verifier)
    }

    /// Whether the key of that digest is refused as revoked if it is presented now. Nothing is noted or charged.
    async fn refuses(&self, digest: &Digest) -> Result<bool> {
        let judge = |key: &KeyRecord| verdict(&Ask::default(), key, self.store.profile(), self.store.now());
        let verdict = match self.keys.get(digest) {
            Some(key) => Some(judge(&key.record)),
            None => self.store.key_by_digest(digest).await?.as_ref().map(judge),
        };
        Ok(verdict == Some(Verdict::Revoked))
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Judges a presented key. An error means that nothing can be said: the caller refuses with 503.
    pub async fn judge(&self, presented: Option<&str>, ask: &Ask<'_>, client: &Client) -> Result<Judged> {
        if ask.plain_http && self.store.profile().credentials.https_only {
            return Ok(Judged::without_key(Verdict::HttpsRequired));
        }
        let Some(presented) = presented else { return Ok(Judged::without_key(Verdict::Missing)) };
        let profile = self.store.profile();
        let checked = profile.prefix_of(presented).and_then(|prefix| Checked::parse(prefix, presented));
        let Some(checked) = checked else { return Ok(Judged::without_key(Verdict::Malformed)) };
        self.freshness.check()?;
        for _ in 0..ATTEMPTS {
            let generation = self.keys.generation();
            let Some(key) = self.key(checked, generation).await? else {
                return Ok(Judged::without_key(Verdict::NotFound));
            };
            let now = self.store.now();
            let mut verdict = verdict(ask, &key.record, profile, now);
            let mut held = None;
            if verdict.is_valid() {
                match self.signature(ask, &key, now).await? {
                    Ok(claim) => held = claim,
                    Err(refused) => verdict = refused,
                }
            }
            // Something was revoked while this was judged: it may have been this key. What it holds is given back.
            if self.keys.generation() != generation {
                continue;
            }
            held.map(replays::Claim::keep);
            return Ok(self.noted(verdict, key, now, ask, client));
        }
        Err(Error::Unavailable("keys change faster than they can be judged".to_owned()))
    }

    fn noted(
        &self,
        verdict: Verdict,
        key: Arc<CachedKey>,
        now: sallyport::Timestamp,
        ask: &Ask<'_>,
        client: &Client,
    ) -> Judged {
        match verdict {
            Verdict::Valid => {
                self.usage.used(&key, now, client);
                if is_elsewhere(ask, &key.record) {
                    self.usage.would_be_refused(&key, Verdict::IpDenied, ask.ip, client);
                }
            }
            // Another organization's token learns nothing of the key, and leaves nothing in its log.
            Verdict::NotFound => return Judged::without_key(verdict),
            refused => self.usage.refused(&key, refused, ask.ip, client),
        }
        Judged { verdict, key: Some(key) }
    }

    async fn key(&self, checked: Checked<'_>, generation: u64) -> Result<Option<Arc<CachedKey>>> {
        for digest in self.store.digests(checked) {
            if let Some(key) = self.keys.get(&digest) {
                return Ok(Some(key));
            }
        }
        for digest in self.store.digests(checked) {
            if let Some(mut record) = self.store.key_by_digest(&digest).await? {
                self.shared.share(&mut record);
                let key = Arc::new(CachedKey::from(record));
                self.keys.fill(generation, digest, &key);
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// The root token that was presented, if it is one.
    pub async fn token(&self, presented: &str) -> Result<Option<Arc<RootToken>>> {
        let Some(checked) = root_token::parse(presented) else { return Ok(None) };
        self.freshness.check()?;
        let generation = self.tokens.generation();
        for digest in self.store.digests(checked) {
            if let Some(token) = self.tokens.get(&digest) {
                return Ok(Some(token));
            }
            if let Some(token) = self.store.token_by_digest(&digest).await? {
                let token = Arc::new(token);
                self.tokens.fill(generation, digest, &token);
                return Ok(Some(token));
            }
        }
        Ok(None)
    }

    /// Drops what a change of this process touched. A gap in the revisions means that another process wrote too.
    fn apply(&self, change: &Change) {
        match &change.touched {
            Touched::These(digests) => self.forget(digests),
            Touched::Everything => self.forget_all(),
        }
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if change.revision > *known + 1 {
            self.forget_all();
        }
        *known = change.revision.max(*known);
    }

    fn forget(&self, digests: &[Digest]) {
        self.keys.forget(digests);
        self.tokens.forget(digests);
    }

    fn forget_all(&self) {
        self.keys.forget_all();
        self.tokens.forget_all();
    }

    /// Asks the database whether another process changed something. Run by a worker.
    pub async fn poll(&self) -> Result<()> {
        let asked_at = self.freshness.now();
        let revision = self.store.revision().await?;
        {
            let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if revision > *known {
                self.forget_all();
                *known = revision;
            }
        }
        self.freshness.seen(asked_at);
        Ok(())
    }

    /// Writes what was used and refused since the last time. Run by a worker.
    pub async fn flush(&self) -> Result<()> {
        let batch = self.usage.take(self.store.now());
        let written = self.store.record_usage(batch.used(), batch.refused()).await;
        if written.is_err() {
            self.usage.put_back(batch);
        }
        written
    }
}

impl From<KeyRecord> for CachedKey {
    fn from(record: KeyRecord) -> Self {
        Self { last_used: LastUsed::new(record.last_used_at), record, signing: OnceLock::new() }
    }
}

impl AsRef<KeyRecord> for CachedKey {
    fn as_ref(&self) -> &KeyRecord {
        &self.record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With its count of owners, its place in the cache (a digest, a pointer, the order of eviction) and its share of the
    /// tables, that is less than 300 bytes; `make bench` measures it.
    #[test]
    fn a_cached_key_is_small() {
        assert!(size_of::<KeyRecord>() <= 128, "{}", size_of::<KeyRecord>());
        assert!(size_of::<CachedKey>() <= 152, "{}", size_of::<CachedKey>());
    }

    /// Identifiers and short labels lie in the record itself.
    #[test]
    fn a_record_is_one_allocation() {
        let record = sallyport::testing::key_record();
        assert!(!record.label.is_heap_allocated());
        let id = record.key_id.as_str().as_ptr() as usize;
        let place = std::ptr::from_ref(&record) as usize;
        assert!((place..place + size_of::<KeyRecord>()).contains(&id));
    }
}
