//! Finds the key or root token of a presented secret, in memory or in the database.

use std::{net::IpAddr, sync::Arc, time::Duration};

use crate::{
    Error, Result,
    key::{Digest, secret::Checked},
    root_token,
    store::{DigestOf, Store},
};

use super::{
    ATTEMPTS, CachedKey, CachedToken, LookUps, Verifier,
    cache::GenerationCache,
    measures::{Kind, Outcome},
    shared_state::{Presenter, UnknownKeys},
};

pub enum Lookup<T> {
    Known(Arc<T>),
    Unknown,
    /// Not looked up, because too many were unknown.
    Throttled(Duration),
}

/// A presented secret that may be stored.
pub(super) trait Digests: Copy {
    /// The digests under which it may be, likeliest first.
    fn digests(self, store: &Store) -> impl Iterator<Item = Digest>;
}

impl Digests for Checked<'_> {
    fn digests(self, store: &Store) -> impl Iterator<Item = Digest> {
        store.digests(self)
    }
}

/// A record that a digest refers to.
pub(super) trait Presented: Sized {
    /// Its cache.
    fn kept(verifier: &Verifier) -> &GenerationCache<Self>;
    /// Its look-ups in progress.
    fn look_ups(verifier: &Verifier) -> &LookUps<Self>;
    /// The limits on unknown ones.
    fn unknown(verifier: &Verifier) -> &impl UnknownKeys;
    async fn read(verifier: &Verifier, digest: &Digest) -> Result<Option<Self>>;
    /// Which of the two it is, for measurements.
    const KIND: Kind;
}

impl Presented for CachedKey {
    const KIND: Kind = Kind::Key;

    fn kept(verifier: &Verifier) -> &GenerationCache<Self> {
        &verifier.keys
    }

    fn look_ups(verifier: &Verifier) -> &LookUps<Self> {
        &verifier.key_look_ups
    }

    fn unknown(verifier: &Verifier) -> &impl UnknownKeys {
        verifier.unknown()
    }

    async fn read(verifier: &Verifier, digest: &Digest) -> Result<Option<Self>> {
        let Some(mut stored) = verifier.store.key_by_digest(digest).await? else { return Ok(None) };
        verifier.shared.share(&mut stored.record);
        Ok(Some(Self::from(stored)))
    }
}

impl Presented for CachedToken {
    const KIND: Kind = Kind::Token;

    fn kept(verifier: &Verifier) -> &GenerationCache<Self> {
        &verifier.tokens
    }

    fn look_ups(verifier: &Verifier) -> &LookUps<Self> {
        &verifier.token_look_ups
    }

    fn unknown(verifier: &Verifier) -> &impl UnknownKeys {
        verifier.unknown_tokens()
    }

    async fn read(verifier: &Verifier, digest: &Digest) -> Result<Option<Self>> {
        Ok(verifier.store.token_by_digest(digest).await?.map(Self::from))
    }
}

impl Verifier {
    /// A record read from the database is cached, unless there was an invalidation since `generation`.
    pub(super) async fn look_up<T: Presented>(
        &self,
        checked: impl Digests,
        generation: u64,
        presenter: Presenter,
    ) -> Result<Lookup<T>> {
        for (at, digest) in checked.digests(&self.store).enumerate() {
            if let Some(known) = T::kept(self).get(&digest) {
                self.measures.hit(T::KIND);
                self.digest_anew::<T>(at, checked, digest);
                return Ok(Lookup::Known(known));
            }
        }
        let unknown = T::unknown(self);
        // Secrets from before a pepper was retired are stored with that one.
        let known = checked.digests(&self.store).find(|digest| unknown.knows(digest));
        let digest = known.or_else(|| checked.digests(&self.store).next());
        let measured = &self.measures;
        if digest.is_some_and(|digest| unknown.is_unknown(&digest)) {
            measured.looked_up(T::KIND, Outcome::KnownUnknown);
            return Ok(Lookup::Unknown);
        }
        let permit = match Box::pin(unknown.admit_look_up(presenter, digest, (self.elapsed)())).await {
            Ok(permit) => permit,
            Err(wait) => {
                measured.looked_up(T::KIND, Outcome::Throttled);
                return Ok(Lookup::Throttled(wait));
            }
        };
        for (at, digest) in checked.digests(&self.store).enumerate() {
            let began = (self.elapsed)();
            // Boxed: a verdict from memory, which needs none of this, stays small.
            let read = Box::pin(self.read_once::<T>(digest, generation)).await;
            measured.read((self.elapsed)().saturating_sub(began));
            if let Some(found) = read.inspect_err(|_| measured.looked_up(T::KIND, Outcome::Failed))? {
                measured.looked_up(T::KIND, Outcome::Found);
                Box::pin(unknown.found_known(&permit)).await;
                self.digest_anew::<T>(at, checked, digest);
                return Ok(Lookup::Known(found));
            }
        }
        measured.looked_up(T::KIND, Outcome::Unknown);
        Box::pin(unknown.found_unknown(&permit, (self.elapsed)())).await;
        Ok(Lookup::Unknown)
    }

    /// What was found by another pepper than the current one, which is the first, is digested with that from now on.
    fn digest_anew<T: Presented>(&self, at: usize, checked: impl Digests, found: Digest) {
        if at > 0 {
            let of = match T::KIND {
                Kind::Key => DigestOf::Key,
                Kind::Token => DigestOf::RootToken,
            };
            self.store.digest_anew(of, found, || checked.digests(&self.store).next());
        }
    }

    /// Concurrent requests share one read. Those that joined began in the same generation, so there was no
    /// invalidation since the read began.
    async fn read_once<T: Presented>(&self, digest: Digest, generation: u64) -> Result<Option<Arc<T>>> {
        let read = || async {
            // A read of the same secret may have ended since the cache was asked.
            if let Some(kept) = T::kept(self).get(&digest) {
                return Ok(Some(kept));
            }
            let Some(found) = T::read(self, &digest).await? else { return Ok(None) };
            let found = Arc::new(found);
            T::kept(self).fill(generation, digest, &found);
            Ok(Some(found))
        };
        let found = T::look_ups(self).join((generation, digest), read).await?;
        // The read took a while, in which another server may have taken over.
        self.freshness.check()?;
        Ok(found)
    }

    /// The presented root token, if it is one. Repeated unknown ones are throttled like keys.
    pub async fn token(&self, presented: &str, ip: IpAddr) -> Result<Lookup<CachedToken>> {
        let Some(checked) = root_token::parse(presented) else { return Ok(Lookup::Unknown) };
        self.freshness.check()?;
        for _ in 0..ATTEMPTS {
            let generation = self.tokens.generation();
            let found: Lookup<CachedToken> = self.look_up(checked, generation, ip.into()).await?;
            // It may have been revoked during the look-up.
            if self.tokens.generation() == generation {
                let now = self.store.now();
                return Ok(match found {
                    Lookup::Known(token) if token.is_expired(now) => Lookup::Unknown,
                    Lookup::Known(token) => {
                        self.token_uses.note(&token, now);
                        Lookup::Known(token)
                    }
                    found => found,
                });
            }
        }
        Err(Error::Unavailable("tokens change faster than they can be verified".to_owned()))
    }
}
