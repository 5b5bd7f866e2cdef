//! A bounded cache that never returns a value that was invalidated while it was being loaded.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use crate::key::Digest;
use quick_cache::sync::Cache;

/// Half of a digest: without the pepper nobody can find two digests that agree in 128 bits, and there is one for each
/// cached key.
type Name = [u8; 16];

fn name(digest: &Digest) -> Name {
    *digest.0.first_chunk().expect("32 bytes begin with 16")
}

pub struct GenerationCache<V> {
    entries: Cache<Name, Arc<V>>,
    /// Counts invalidations. A load that began in an older generation may contain what was just revoked.
    generation: AtomicU64,
    /// Held by fills and invalidations, never by reads.
    writing: Mutex<()>,
}

impl<V> GenerationCache<V> {
    pub fn new(capacity: usize) -> Self {
        Self { entries: Cache::new(capacity), generation: AtomicU64::new(0), writing: Mutex::new(()) }
    }

    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub fn get(&self, digest: &Digest) -> Option<Arc<V>> {
        self.entries.get(&name(digest))
    }

    /// Stores a value loaded since `generation`, unless there was an invalidation since.
    pub fn fill(&self, generation: u64, digest: Digest, value: &Arc<V>) {
        let _writing = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.generation() == generation {
            self.entries.insert(name(&digest), Arc::clone(value));
        }
    }

    /// When this returns, no new read finds the removed values.
    pub fn forget(&self, digests: &[Digest]) {
        let _writing = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for digest in digests {
            self.entries.remove(&name(digest));
        }
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    pub fn forget_all(&self) {
        let _writing = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.entries.clear();
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: Digest = Digest([1; 32]);

    #[test]
    fn a_fetch_that_began_before_a_forgetting_is_not_kept() {
        let cache = GenerationCache::new(10);
        let began = cache.generation();
        cache.forget(&[DIGEST]);
        cache.fill(began, DIGEST, &Arc::new("revoked meanwhile"));
        assert!(cache.get(&DIGEST).is_none());
        cache.fill(cache.generation(), DIGEST, &Arc::new("fetched since"));
        assert_eq!(cache.get(&DIGEST).as_deref(), Some(&"fetched since"));
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let cache = GenerationCache::new(10);
        cache.fill(0, DIGEST, &Arc::new(1));
        cache.forget(&[DIGEST]);
        assert!(cache.get(&DIGEST).is_none());
        cache.fill(cache.generation(), DIGEST, &Arc::new(2));
        cache.forget_all();
        assert!(cache.get(&DIGEST).is_none());
    }
}
