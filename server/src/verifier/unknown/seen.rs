//! Which keys were somebody's, when they were last looked up: they can be asked for again after the cache was emptied,
//! whoever floods the verifier meanwhile.

use std::sync::atomic::{AtomicU64, Ordering};

use sallyport::key::Digest;

/// A megabyte. What is pushed out is counted as any other key.
const PLACES: usize = 131_072;

/// A part of each digest. Nobody can make a key whose digest looks like another's: the pepper is secret.
pub struct Seen(Box<[AtomicU64]>);

impl Default for Seen {
    fn default() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Seen {
    pub fn has(&self, digest: &Digest) -> bool {
        self.place(digest).load(Ordering::Relaxed) == mark(digest)
    }

    pub fn note(&self, digest: &Digest) {
        self.place(digest).store(mark(digest), Ordering::Relaxed);
    }

    pub fn forget(&self, digest: &Digest) {
        let _ = self.place(digest).compare_exchange(mark(digest), 0, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn place(&self, digest: &Digest) -> &AtomicU64 {
        &self.0[word(digest, 0) as usize % PLACES]
    }
}

fn mark(digest: &Digest) -> u64 {
    word(digest, 8) | 1
}

fn word(digest: &Digest, from: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|at| digest.0[from + at]))
}
