//! From what was presented to whose it is: out of memory, or out of the database.

use std::{net::IpAddr, sync::Arc, time::Duration};

use sallyport::{
    Result,
    key::secret::Checked,
    root_token::{self, RootToken},
};

use super::{CachedKey, Verifier};

pub(super) enum Found {
    Key(Arc<CachedKey>),
    Nobodys,
    /// Nobody looked, because too many were nobody's.
    Later(Duration),
}

impl Verifier {
    pub(super) async fn key(&self, checked: Checked<'_>, generation: u64, ip: IpAddr) -> Result<Found> {
        for digest in self.store.digests(checked) {
            if let Some(key) = self.keys.get(&digest) {
                return Ok(Found::Key(key));
            }
        }
        let asking = match self.unknown.may_ask(ip, self.store.digests(checked).next(), (self.elapsed)()) {
            Ok(asking) => asking,
            Err(wait) => return Ok(Found::Later(wait)),
        };
        for digest in self.store.digests(checked) {
            if let Some(mut record) = self.store.key_by_digest(&digest).await? {
                self.unknown.was_somebodys(&asking);
                self.shared.share(&mut record);
                let key = Arc::new(CachedKey::from(record));
                self.keys.fill(generation, digest, &key);
                return Ok(Found::Key(key));
            }
        }
        self.unknown.was_nobodys(&asking, (self.elapsed)());
        Ok(Found::Nobodys)
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
}
