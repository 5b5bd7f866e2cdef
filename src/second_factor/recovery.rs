//! Recovery codes: they take the place of a lost authenticator app, each once.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Entropy, id::UserId};

/// How many a person gets.
pub const RECOVERY_CODES: usize = 10;
/// 120 bits: from 112 on, a plain hash is enough (ASVS 5.0, 6.5.2), and nobody guesses one.
const BYTES: usize = 15;
const LETTERS: usize = 24;
const GROUP: usize = 4;

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode([u8; BYTES]);

impl RecoveryCode {
    #[cfg(feature = "store")]
    pub(crate) fn mint(entropy: &dyn Entropy) -> Self {
        Self(entropy.array())
    }

    /// As it is shown: base32 in groups of four.
    pub fn text(&self) -> String {
        let letters = BASE32_NOPAD.encode(&self.0).to_lowercase();
        let groups: Vec<_> = (0..LETTERS).step_by(GROUP).map(|at| &letters[at..at + GROUP]).collect();
        groups.join("-")
    }

    /// Reads one without spaces and dashes. Base32 has no 0, 1 and 8, which are taken for the letters that look like them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let letters: String = text
            .chars()
            .map(|c| match c {
                '0' => 'O',
                '1' => 'L',
                '8' => 'B',
                c => c.to_ascii_uppercase(),
            })
            .collect();
        if letters.len() != LETTERS {
            return None;
        }
        BASE32_NOPAD.decode(letters.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// What is stored of it.
    pub fn digest(&self, user: &UserId) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(b"recovery code\0");
        digest.update(user.as_str().as_bytes());
        digest.update(b"\0");
        digest.update(self.0);
        digest.finalize().into()
    }
}
