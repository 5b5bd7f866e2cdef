//! The existing digests: they are looked up even during a flood of unknown keys, also after a restart and after the
//! cache was emptied.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hasher},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use crate::key::Digest;

use super::word;

/// Eight bytes of each digest, about 20 with the overhead of the table. A collision would cost an uncounted look-up,
/// but never change a verdict.
#[derive(Default)]
pub struct Known(RwLock<Marks>);

type Marks = HashSet<u64, BuildHasherDefault<AsItIs>>;

impl Known {
    pub fn has(&self, digest: &Digest) -> bool {
        self.read().contains(&mark(digest))
    }

    pub fn add<'a>(&self, digests: impl IntoIterator<Item = &'a Digest>) {
        self.write().extend(digests.into_iter().map(mark));
    }

    pub fn forget(&self, digest: &Digest) {
        self.write().remove(&mark(digest));
    }

    fn read(&self) -> RwLockReadGuard<'_, Marks> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Marks> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mark(digest: &Digest) -> u64 {
    word(digest, 16)
}

/// A digest is evenly distributed, and nobody without the pepper can choose it.
#[derive(Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
