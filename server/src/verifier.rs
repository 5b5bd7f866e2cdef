//! The verifier: from a presented key to a verdict, in memory once warm, closed when in doubt.

pub mod cache;
mod dry_run;
pub mod freshness;
pub mod limiter;
pub mod replays;
mod signatures;
pub mod usage;

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, AtomicI64},
};

use sallyport::{
    Error, Result, Timestamp,
    clock::Elapsed,
    decision::{Decision, Decisions},
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
use replays::Replays;
use usage::Usage;

/// How often a verdict is judged anew because something was revoked meanwhile.
const ATTEMPTS: usize = 64;

/// A key in memory, and when it was last good.
pub struct CachedKey {
    pub record: Arc<KeyRecord>,
    last_used: AtomicI64,
    /// Waits to be written.
    dirty: AtomicBool,
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
        self.key.as_ref().map(|key| &*key.record)
    }
}

pub struct Verifier {
    store: Store,
    keys: GenerationCache<CachedKey>,
    tokens: GenerationCache<RootToken>,
    usage: Usage,
    replays: Replays,
    decisions: Arc<Decisions>,
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
            tokens: GenerationCache::new(1_000),
            usage: Usage::default(),
            replays: Replays::new(store.now()),
            decisions: Arc::default(),
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
        Ok(verifier)
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Why requests were refused.
    pub fn decisions(&self) -> &Arc<Decisions> {
        &self.decisions
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

    fn noted(&self, verdict: Verdict, key: Arc<CachedKey>, now: Timestamp, ask: &Ask<'_>, client: &Client) -> Judged {
        match verdict {
            Verdict::Valid => {
                self.usage.used(&key, now, client);
                if is_elsewhere(ask, &key.record) {
                    self.usage.would_be_refused(&key, Verdict::IpDenied, ask.ip, client);
                }
            }
            // Another organization's token learns nothing of the key, and leaves nothing in its log.
            Verdict::NotFound => return Judged::without_key(verdict),
            refused => {
                self.usage.refused(&key, refused, ask.ip, client);
                self.keep_decision(refused, &key, now, ask, client);
            }
        }
        Judged { verdict, key: Some(key) }
    }

    fn keep_decision(&self, refused: Verdict, key: &CachedKey, now: Timestamp, ask: &Ask<'_>, client: &Client) {
        let key = &key.record;
        if self.decisions.admits(&key.owner.org_id, &key.key_id, refused, now) {
            let id = client.request_id.clone();
            self.decisions.keep(Decision::new(id, refused, ask, key, self.store.profile(), now));
        }
    }

    async fn key(&self, checked: Checked<'_>, generation: u64) -> Result<Option<Arc<CachedKey>>> {
        for digest in self.store.digests(checked) {
            if let Some(key) = self.keys.get(&digest) {
                return Ok(Some(key));
            }
        }
        for digest in self.store.digests(checked) {
            if let Some(record) = self.store.key_by_digest(&digest).await? {
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
        let now = self.store.now();
        self.decisions.forget(now);
        let batch = self.usage.take(now);
        let written = self.store.record_usage(batch.used(), batch.refused()).await;
        if written.is_err() {
            self.usage.put_back(batch);
        }
        written
    }
}

impl From<KeyRecord> for CachedKey {
    fn from(record: KeyRecord) -> Self {
        let last_used = record.last_used_at.map_or(i64::MIN, sallyport::Timestamp::micros);
        Self {
            record: Arc::new(record),
            last_used: AtomicI64::new(last_used),
            dirty: AtomicBool::new(false),
            signing: OnceLock::new(),
        }
    }
}
