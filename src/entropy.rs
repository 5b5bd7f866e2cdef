//! Randomness as an argument: whoever mints something is handed an [`Entropy`].

use rand::{TryRng, rngs::SysRng};

/// Fills buffers with bytes that nobody can guess.
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
        // Without randomness no secret may be made: ending the request is the only safe answer.
        SysRng.try_fill_bytes(bytes).expect("the operating system gives random bytes");
    }
}
