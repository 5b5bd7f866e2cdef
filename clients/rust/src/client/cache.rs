//! Valid results for at most a second.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use super::Valid;
use crate::runtime_configuration::ConfigurationError;

const MOST: usize = 4096;

pub(super) type Digest = [u8; 32];

/// Keys are not kept: a result is found by a digest of the whole request, with a secret of this process.
pub(super) struct Cache {
    lasts: Duration,
    secret: hmac::Key,
    results: Mutex<Results>,
}

#[derive(Default)]
struct Results {
    known: HashMap<Digest, (Instant, Valid)>,
    /// The oldest first.
    order: VecDeque<(Instant, Digest)>,
}

impl Cache {
    pub fn new(lasts: Duration) -> Result<Self, ConfigurationError> {
        let mut secret = [0; 32];
        let message = "The system has no random numbers for the cache.";
        SystemRandom::new().fill(&mut secret).map_err(|_| ConfigurationError::of_field("cache", message))?;
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        Ok(Self { lasts, secret, results: Mutex::default() })
    }

    pub fn digest(&self, body: &[u8]) -> Digest {
        let mut digest = [0; 32];
        digest.copy_from_slice(hmac::sign(&self.secret, body).as_ref());
        digest
    }

    pub fn get(&self, digest: &Digest) -> Option<Valid> {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let (asked_at, valid) = results.known.get(digest)?;
        (asked_at.elapsed() < self.lasts).then(|| valid.clone())
    }

    /// `asked_at`: before the portal was asked, so that the answer is not older than the cache allows.
    pub fn put(&self, digest: Digest, asked_at: Instant, valid: Valid) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.order.push_back((asked_at, digest));
        results.known.insert(digest, (asked_at, valid));
        while let Some(&(at, oldest)) = results.order.front() {
            if results.order.len() <= MOST && at.elapsed() < self.lasts {
                break;
            }
            results.order.pop_front();
            // Unless it was asked again since.
            if results.known.get(&oldest).is_some_and(|(known_at, _)| *known_at == at) {
                results.known.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid() -> Valid {
        serde_json::from_value(serde_json::json!({
            "key_id": "key_1", "label": "CI", "org_id": "org_1", "environment": "production", "mode": "live", "scopes": [],
            "secret": "current", "metadata": {}, "request_id": "req_1",
        }))
        .expect("valid")
    }

    #[test]
    fn results_are_found_while_they_last() {
        let cache = Cache::new(Duration::from_secs(1)).expect("made");
        let (one, other) = (cache.digest(b"one"), cache.digest(b"other"));
        let now = Instant::now();
        cache.put(one, now, valid());
        assert_eq!(cache.get(&one), Some(valid()));
        assert_eq!(cache.get(&other), None);
        cache.put(other, now.checked_sub(Duration::from_secs(1)).expect("uptime"), valid());
        assert_eq!(cache.get(&other), None);
        let others = Cache::new(Duration::from_secs(1)).expect("made").digest(b"one");
        assert_ne!(one, others, "each process has a secret of its own");
    }

    #[test]
    fn it_is_bounded() {
        let cache = Cache::new(Duration::from_secs(1)).expect("made");
        for n in 0..MOST + 100 {
            cache.put(cache.digest(&n.to_le_bytes()), Instant::now(), valid());
        }
        let results = cache.results.lock().expect("locked");
        assert!(results.known.len() <= MOST && results.order.len() <= MOST);
    }
}
