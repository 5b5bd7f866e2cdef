//! Randomness as a dependency: code that creates secrets takes an [`Entropy`].

use std::sync::{Mutex, PoisonError};

use rand::{
    Rng, SeedableRng, TryRng,
    rngs::{StdRng, SysRng},
};

/// Fills buffers with unpredictable bytes.
pub trait Entropy: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// An array of random bytes.
    pub fn array<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no secret may be created: ending the request is the only safe response.
        SysRng.try_fill_bytes(bytes).expect("the operating system gives random bytes");
    }
}

/// For ids created at every request: a seeded generator, because a system call would double their cost. Its output is
/// unpredictable, but it is not meant for secrets.
pub struct NameEntropy(Mutex<StdRng>);

impl NameEntropy {
    pub fn new(seed: &dyn Entropy) -> Self {
        Self(Mutex::new(StdRng::from_seed(seed.array())))
    }
}

impl Entropy for NameEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}
