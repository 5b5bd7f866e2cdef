//! Master keys, and how they are told apart.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{FINGERPRINT, FORMAT_1, FORMAT_2, PREFIX};
use crate::{Entropy, audit::hex};

/// 32 random bytes that decrypt everything encrypted; stored outside the database.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    pub fn mint(entropy: &dyn Entropy) -> Self {
        Self(entropy.array())
    }

    /// Parses the output of [`MasterKey::expose`]: 32 bytes in base64.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(text.trim()).ok()?);
        bytes.as_slice().try_into().ok().map(Self)
    }

    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_STANDARD.encode(self.0))
    }

    pub fn fingerprint(&self) -> Fingerprint {
        let print = self.derive("sallyport fingerprint v1");
        Fingerprint(std::array::from_fn(|at| print[at]))
    }

    pub(super) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, &self.0)
            .expand(purpose.as_bytes(), key.as_mut())
            .expect("HKDF-SHA256 gives 32 bytes");
        key
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Tells master keys apart, and says nothing else about them. Shown as eight hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; FINGERPRINT]);

impl Fingerprint {
    /// How what is sealed with the key begins.
    pub(crate) fn prefix(self) -> [u8; PREFIX] {
        let [a, b, c, d] = self.0;
        [FORMAT_2, a, b, c, d]
    }

    pub(crate) fn of_prefix(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [FORMAT_1 | FORMAT_2, a, b, c, d] => Some(Self([*a, *b, *c, *d])),
            _ => None,
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let number = (text.len() == 2 * FINGERPRINT).then(|| u32::from_str_radix(text, 16).ok())??;
        Some(Self(number.to_be_bytes())).filter(|print| print.to_string() == text)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    #[test]
    fn master_keys_come_back_from_their_text() {
        let key = MasterKey::mint(&SeededEntropy::new(1));
        assert_eq!(MasterKey::parse(&key.expose()).expect("parses").0, key.0);
        assert!(MasterKey::parse("c2hvcnQ=").is_none());
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }

    #[test]
    fn fingerprints_come_back_from_their_text() {
        let print = MasterKey::mint(&SeededEntropy::new(1)).fingerprint();
        assert_eq!(Fingerprint::parse(&print.to_string()), Some(print));
        assert_eq!(Fingerprint::of_prefix(&print.prefix()), Some(print));
        for wrong in ["", "0", "0123456", "012345678", "+1234567", "ABCDEF01", "0000000g"] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
    }
}
