//! Digests that were looked up and are unknown: presented again, they cause no query and no charge.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::key::Digest;

use super::word;

/// Half a megabyte. An evicted digest is looked up once more.
const PLACES: usize = 65_536;

/// A part of each digest: its position, and 63 more bits. Nobody can create a key with a matching digest, since the
/// pepper is secret; and existing digests are looked up whatever is marked here.
pub struct UnknownDigests(Box<[AtomicU64]>);

impl Default for UnknownDigests {
    fn default() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }
}

impl UnknownDigests {
    pub fn has(&self, digest: &Digest) -> bool {
        self.place(digest).load(Ordering::Relaxed) == mark(digest)
    }

    pub fn note(&self, digest: &Digest) {
        self.place(digest).store(mark(digest), Ordering::Relaxed);
    }

    pub fn forget(&self, digest: &Digest) {
        let _ = self.place(digest).compare_exchange(mark(digest), 0, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub fn forget_all(&self) {
        self.0.iter().for_each(|place| place.store(0, Ordering::Relaxed));
    }

    fn place(&self, digest: &Digest) -> &AtomicU64 {
        &self.0[word(digest, 0) as usize % PLACES]
    }
}

/// Never zero, which marks an empty position.
fn mark(digest: &Digest) -> u64 {
    word(digest, 8) | 1
}
