//! From what was presented to whose it is: out of memory, or out of the database.

use std::{net::IpAddr, sync::Arc, time::Duration};

use sallyport::{
    Error, Result,
    key::secret::Checked,
    root_token::{self, RootToken},
};

use super::{ATTEMPTS, CachedKey, Verifier, unknown::Asker};

pub(super) enum Found {
    Key(Arc<CachedKey>),
    Nobodys,
    /// Nobody looked, because too many were nobody's.
    Later(Duration),
}

impl Verifier {
    pub(super) async fn key(&self, checked: Checked<'_>, generation: u64, asker: Asker) -> Result<Found> {
        for digest in self.store.digests(checked) {
            if let Some(key) = self.keys.get(&digest) {
                return Ok(Found::Key(key));
            }
        }
        let asking = match self.unknown.may_ask(asker, self.store.digests(checked).next(), (self.elapsed)()) {
            Ok(asking) => asking,
            Err(wait) => return Ok(Found::Later(wait)),
        };
        for digest in self.store.digests(checked) {
            if let Some(mut stored) = self.store.key_by_digest(&digest).await? {
                self.unknown.was_somebodys(&asking);
                self.shared.share(&mut stored.record);
                let key = Arc::new(CachedKey::from(stored));
                self.keys.fill(generation, digest, &key);
                return Ok(Found::Key(key));
            }
        }
        self.unknown.was_nobodys(&asking, (self.elapsed)());
        Ok(Found::Nobodys)
    }

    /// The root token that was presented, if it is one. Whoever tries many is slowed down as with keys.
    pub async fn token(&self, presented: &str, ip: IpAddr) -> Result<Option<Arc<RootToken>>> {
        let Some(checked) = root_token::parse(presented) else { return Ok(None) };
        self.freshness.check()?;
        for _ in 0..ATTEMPTS {
            let generation = self.tokens.generation();
            let token = self.look_token_up(checked, generation, ip).await?;
            // It may have been revoked while this was looked up.
            if self.tokens.generation() == generation {
                return Ok(token);
            }
        }
        Err(Error::Unavailable("tokens change faster than they can be judged".to_owned()))
    }

    async fn look_token_up(&self, checked: Checked<'_>, generation: u64, ip: IpAddr) -> Result<Option<Arc<RootToken>>> {
        for digest in self.store.digests(checked) {
            if let Some(token) = self.tokens.get(&digest) {
                return Ok(Some(token));
            }
        }
        let asking = self
            .unknown_tokens
            .may_ask(ip, self.store.digests(checked).next(), (self.elapsed)())
            .map_err(|_| Error::Busy("Too many unknown root tokens came from this address. Wait a minute."))?;
        for digest in self.store.digests(checked) {
            if let Some(token) = self.store.token_by_digest(&digest).await? {
                self.unknown_tokens.was_somebodys(&asking);
                let token = Arc::new(token);
                self.tokens.fill(generation, digest, &token);
                return Ok(Some(token));
            }
        }
        self.unknown_tokens.was_nobodys(&asking, (self.elapsed)());
        Ok(None)
    }
}
