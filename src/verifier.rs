//! The verifier: from a presented key to a verdict, in memory once warm, refusing if in doubt.

pub mod cache;
mod changes;
mod charge;
mod counting;
pub mod dry_run;
mod explain;
mod flushed;
mod foreign;
pub mod freshness;
pub mod health;
pub mod in_memory;
mod judged;
mod last_used;
pub mod limiter;
mod look_up;
pub mod measures;
mod node_limits;
mod node_signatures;
mod node_unknown;
pub mod rate;
pub mod refusal;
mod replacement;
pub mod replays;
mod shared;
pub mod shared_state;
mod shares;
mod signatures;
mod single_flight;
mod token_uses;
pub mod unknown;
pub mod usage;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use crate::{
    Error, Result, Timestamp,
    clock::Elapsed,
    decision::Decisions,
    key::{
        Ask, Digest, KeyRecord, Verdict,
        secret::Checked,
        verdict::{is_elsewhere, verdict},
    },
    over_redis::{Redis, WithoutRedis},
    request::Client,
    store::Store,
};

use cache::GenerationCache;
use charge::ChargeOutcome;
pub use charge::Charged;
use counting::Counting;
use flushed::Flushed;
use foreign::ForeignShapes;
use freshness::Freshness;
use health::Health;
use in_memory::InMemory;
pub use judged::{CachedKey, Judged};
pub use look_up::Lookup;
use measures::Measures;
use node_limits::NodeLimits;
use node_signatures::NodeSignatures;
use node_unknown::NodeUnknown;
use shared::Shared;
use shared_state::{Claim, RateLimits, SeenSignatures, UnknownKeys};
use single_flight::SingleFlight;
pub use token_uses::CachedToken;
use token_uses::TokenUses;
use usage::Usage;

/// How often a verdict is repeated because something was revoked in the meantime.
const ATTEMPTS: usize = 64;

/// The maximum number of collected rows in one transaction: a revocation never waits for more, however many keys were
/// used.
const AT_ONCE: usize = 500;

/// The look-ups in progress, by the generation of the cache in which they began: after an invalidation a new look-up
/// is made.
type LookUps<T> = SingleFlight<(u64, Digest), Option<Arc<T>>>;

pub struct Verifier {
    store: Store,
    keys: GenerationCache<CachedKey>,
    shared: Shared,
    tokens: GenerationCache<CachedToken>,
    key_look_ups: LookUps<CachedKey>,
    shapes: ForeignShapes,
    token_look_ups: LookUps<CachedToken>,
    usage: Usage,
    /// Held while collected uses are written, so that nobody takes those of another flush for written.
    flushing: tokio::sync::Mutex<()>,
    flushed: Flushed,
    counting: Counting,
    token_uses: TokenUses,
    limits: NodeLimits,
    signatures: NodeSignatures,
    unknown: NodeUnknown,
    unknown_tokens: NodeUnknown,
    redis: Option<Redis>,
    /// Shared by requests whose secret may be replaced if nobody used it, until their use is noted.
    replacing: tokio::sync::RwLock<()>,
    /// Changes were missed, which may include new root tokens.
    missed_tokens: AtomicBool,
    decisions: Arc<Decisions>,
    elapsed: Elapsed,
    freshness: Freshness,
    health: Health,
    measures: Measures,
}

impl Verifier {
    /// Starts a verifier that follows all changes of the store, with its own state.
    pub async fn start(store: Store, capacity: usize, elapsed: Elapsed) -> Result<Arc<Self>> {
        Self::start_over(store, capacity, elapsed, None).await
    }

    /// The same with a state that is shared with other nodes over Redis, if there is one.
    pub async fn start_over(
        store: Store,
        capacity: usize,
        elapsed: Elapsed,
        redis: Option<Redis>,
    ) -> Result<Arc<Self>> {
        let state = match &redis {
            // What Redis remembers was used before, also by a process before this one.
            Some(redis) if redis.without() == WithoutRedis::Refuse => InMemory::remembering_all(elapsed.clone()),
            _ => InMemory::new(store.now(), elapsed.clone()),
        };
        Self::start_with(store, capacity, elapsed, state, redis).await
    }

    /// The same with a state in memory that verifiers of one process may share.
    pub async fn start_with(
        store: Store,
        capacity: usize,
        elapsed: Elapsed,
        state: InMemory,
        redis: Option<Redis>,
    ) -> Result<Arc<Self>> {
        // Read before anything is cached.
        let revision = store.revision().await?;
        let freshness = if store.is_node() {
            Freshness::of_node(elapsed.clone(), revision)
        } else {
            Freshness::alone(elapsed.clone(), revision)
        };
        freshness.hold(store.quarantine().is_some());
        let verifier = Arc::new(Self {
            keys: GenerationCache::new(capacity),
            shared: Shared::default(),
            tokens: GenerationCache::new(1_000),
            key_look_ups: LookUps::default(),
            shapes: ForeignShapes::default(),
            token_look_ups: LookUps::default(),
            usage: Usage::default(),
            flushing: tokio::sync::Mutex::default(),
            flushed: Flushed::default(),
            counting: Counting::new(capacity, store.now()),
            token_uses: TokenUses::default(),
            limits: NodeLimits::new(state.limits, redis.clone(), store.clone(), elapsed.clone()),
            signatures: NodeSignatures::new(state.signatures, redis.clone()),
            unknown: NodeUnknown::new("keys", state.keys, redis.clone(), store.clone()),
            unknown_tokens: NodeUnknown::new("tokens", state.tokens, redis.clone(), store.clone()),
            redis,
            replacing: tokio::sync::RwLock::default(),
            missed_tokens: AtomicBool::default(),
            decisions: Arc::default(),
            freshness,
            health: Health::default(),
            measures: Measures::default(),
            elapsed,
            store: store.clone(),
        });
        let told = Arc::downgrade(&verifier);
        store.on_change(move |change| {
            if let Some(verifier) = told.upgrade() {
                verifier.apply_own(change);
            }
        });
        let asked = Arc::downgrade(&verifier);
        store.set_refusal_check(move |digest| {
            let verifier = asked.upgrade();
            async move {
                let verifier = verifier.ok_or_else(|| Error::Unavailable("the verifier ended".to_owned()))?;
                verifier.refuses(&digest).await
            }
        });
        // After the listener is set, so that nothing created in the meantime is missed.
        verifier.read_known().await?;
        verifier.shapes.current(&verifier.store).await?;
        Ok(verifier)
    }

    /// Whether the key with that digest would now be refused as revoked. Nothing is recorded or charged.
    async fn refuses(&self, digest: &Digest) -> Result<bool> {
        let judge = |key: &KeyRecord| verdict(&Ask::default(), key, self.store.profile(), self.store.now());
        let verdict = match self.keys.get(digest) {
            Some(key) => Some(judge(&key.record)),
            None => self.store.key_by_digest(digest).await?.map(|stored| judge(&stored.record)),
        };
        Ok(verdict == Some(Verdict::Revoked))
    }

    fn limits(&self) -> &impl RateLimits {
        &self.limits
    }

    fn signatures(&self) -> &impl SeenSignatures {
        &self.signatures
    }

    fn unknown(&self) -> &impl UnknownKeys {
        &self.unknown
    }

    fn unknown_tokens(&self) -> &impl UnknownKeys {
        &self.unknown_tokens
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The recorded refusals.
    pub fn decisions(&self) -> &Arc<Decisions> {
        &self.decisions
    }

    /// Verifies a presented key. An error means that no decision is possible: the caller responds with 503.
    pub async fn judge(&self, presented: Option<&str>, ask: &Ask<'_>, client: &Client) -> Result<Judged> {
        // Each clock is read as seldom as possible: that takes as long as several of the checks.
        let (began, mut at) = ((self.elapsed)(), None);
        let judged = self.decide(presented, ask, client, began, &mut at).await;
        let verdict = judged.as_ref().ok().map(|judged| judged.verdict);
        self.measures.judged(verdict, || (self.elapsed)().saturating_sub(began));
        let judged = judged?;
        self.count(&judged, ask, client, at.unwrap_or_else(|| self.store.now()));
        Ok(judged)
    }

    /// `at` becomes the time for which the key was judged, if there is one.
    async fn decide(
        &self,
        presented: Option<&str>,
        ask: &Ask<'_>,
        client: &Client,
        began: Duration,
        at: &mut Option<Timestamp>,
    ) -> Result<Judged> {
        if ask.plain_http && self.store.profile().credentials.https_only {
            return Ok(Judged::without_key(Verdict::HttpsRequired));
        }
        let Some(presented) = presented else { return Ok(Judged::without_key(Verdict::Missing)) };
        let profile = self.store.profile();
        let checked = profile.prefix_of(presented).and_then(|prefix| Checked::parse(prefix, presented));
        // Before the shapes are read, which may wait for the database.
        self.freshness.check_at(began)?;
        let foreign = if checked.is_none() { self.foreign(presented, ask).await? } else { None };
        if checked.is_none() && foreign.is_none() {
            return Ok(Judged::without_key(Verdict::Malformed));
        }
        for _ in 0..ATTEMPTS {
            let generation = self.keys.generation();
            let found = self.find(presented, checked, foreign.as_ref(), generation, ask, client).await?;
            let key: Arc<CachedKey> = match found {
                Lookup::Known(key) => key,
                Lookup::Unknown => return Ok(Judged::without_key(Verdict::NotFound)),
                Lookup::Throttled(wait) => {
                    let later = Judged::without_key(Verdict::RateLimited);
                    return Ok(Judged { retry_after: Some(wait), ..later });
                }
            };
            let now = self.store.now();
            *at = Some(now);
            let is_replaceable = key.record.counts_by_secret(now) || key.last_used.is_unused();
            let _noted = if is_replaceable { Some(self.replacing.read().await) } else { None };
            let mut verdict = verdict(ask, &key.record, profile, now);
            let mut held = None;
            if verdict.is_valid() {
                match self.signature(ask, &key, now).await? {
                    Ok(claim) => held = claim,
                    Err(refused) => verdict = refused,
                }
            }
            // Something was revoked in the meantime, possibly this key. Its charge and signature are returned.
            if self.keys.generation() != generation {
                continue;
            }
            let mut charged = None;
            if verdict.is_valid() {
                match self.charge(&key.record, ask, now).await? {
                    ChargeOutcome::Passed(told) => charged = told,
                    // Its signature can be used for another attempt.
                    ChargeOutcome::Refused(told) => (verdict, charged, held) = (Verdict::RateLimited, Some(told), None),
                    ChargeOutcome::Unread(day) => {
                        Box::pin(self.read_day(&key.record.key_id, day)).await?;
                        continue;
                    }
                }
            }
            held.into_iter().for_each(Claim::keep);
            return Ok(self.noted(verdict, key, charged, now, ask, client));
        }
        Err(Error::Unavailable("keys change faster than they can be verified".to_owned()))
    }

    fn noted(
        &self,
        verdict: Verdict,
        key: Arc<CachedKey>,
        charged: Option<Charged>,
        now: Timestamp,
        ask: &Ask<'_>,
        client: &Client,
    ) -> Judged {
        if verdict != Verdict::NotFound {
            self.count_secret(&key.record, verdict, ask, client, now);
        }
        match verdict {
            Verdict::Valid => {
                self.usage.used(&key, now, client);
                if is_elsewhere(ask, &key.record) {
                    self.usage.would_be_refused(&key, Verdict::IpDenied, ask.ip, client);
                }
            }
            // Another organization's token learns nothing about the key, and leaves nothing in its log.
            Verdict::NotFound => return Judged::without_key(verdict),
            refused => {
                self.usage.refused(&key, refused, ask.ip, client);
                self.explain(refused, &key, charged, now, ask, client);
            }
        }
        Judged::of_key(verdict, key, charged)
    }
}
