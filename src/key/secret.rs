//! Secrets in plain text, and the digests that are stored.
//!
//! A secret is a prefix, 30 random base62 characters (178 bits) and the CRC32 of both in 6 more, so that typos are
//! refused without a look-up, and scanners can recognize real secrets.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
#[cfg(feature = "store")]
use zeroize::Zeroizing;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Entropy, base62};

pub(crate) const RANDOM: usize = 30;
pub(crate) const CHECKSUM: usize = 6;

/// A secret in plain text: only exposed explicitly, and wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PlainSecret {
    text: String,
    prefix: usize,
}

impl PlainSecret {
    pub fn mint(prefix: &str, entropy: &dyn Entropy) -> Self {
        // A single allocation: growing would leave an unwiped copy in memory.
        let mut text = String::with_capacity(prefix.len() + RANDOM + CHECKSUM);
        text.push_str(prefix);
        let mut random = base62::random(entropy, RANDOM);
        text.push_str(&random);
        random.zeroize();
        let checksum = base62::six_digits(crc32fast::hash(text.as_bytes()));
        text.push_str(std::str::from_utf8(&checksum).unwrap_or_default());
        Self { text, prefix: prefix.len() }
    }

    pub fn expose(&self) -> &str {
        &self.text
    }

    pub fn digest(&self, pepper: &Pepper) -> Digest {
        pepper.digest(&self.text)
    }

    /// The shortened form for lists: prefix, first four and last four characters.
    pub fn shown(&self) -> String {
        shown(&self.text, self.prefix)
    }
}

impl fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainSecret(…)")
    }
}

fn shown(text: &str, prefix: usize) -> String {
    format!("{}…{}", &text[..prefix + 4], &text[text.len() - 4..])
}

/// A presented secret with a valid form and checksum. It may still be unknown.
#[derive(Clone, Copy)]
pub struct Checked<'a>(&'a str);

impl<'a> Checked<'a> {
    pub fn parse(prefix: &str, text: &'a str) -> Option<Self> {
        let tail = text.strip_prefix(prefix)?.as_bytes();
        if tail.len() != RANDOM + CHECKSUM || !base62::is_base62(tail) {
            return None;
        }
        let (body, checksum) = text.as_bytes().split_at(text.len() - CHECKSUM);
        (base62::six_digits(crc32fast::hash(body)) == checksum).then_some(Self(text))
    }

    /// The shortened form for lists, as [`PlainSecret::shown`].
    pub fn shown(self) -> String {
        shown(self.0, self.0.len() - RANDOM - CHECKSUM)
    }

    pub fn digest(self, pepper: &Pepper) -> Digest {
        pepper.digest(self.0)
    }
}

/// The key of the digests of all secrets: random, stored encrypted in the database.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Pepper([u8; 32]);

impl Pepper {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub fn digest(&self, text: &str) -> Digest {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(text.as_bytes());
        Digest(mac.finalize().into_bytes().into())
    }

    /// Of a key that was made elsewhere, by its SHA-256. No secret contains a zero byte, so this is the digest of none.
    pub fn imported_digest(&self, org: &str, sha256: &[u8; 32]) -> Digest {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in [&b"imported key"[..], &[0], org.as_bytes(), &[0], sha256] {
            mac.update(part);
        }
        Digest(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(…)")
    }
}

/// HMAC-SHA256 of a secret with the pepper: the stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

/// The secret with which a server signs its requests (HMAC-SHA256): `sgn_` and 43 base62 characters.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SigningSecret(String);

impl SigningSecret {
    pub const PREFIX: &str = "sgn_";
    pub(crate) const RANDOM: usize = 43;

    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut text = String::with_capacity(Self::PREFIX.len() + Self::RANDOM);
        text.push_str(Self::PREFIX);
        let mut random = base62::random(entropy, Self::RANDOM);
        text.push_str(&random);
        random.zeroize();
        Self(text)
    }

    /// From decrypted bytes, without a copy.
    #[cfg(feature = "store")]
    pub(crate) fn opened(mut bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => Some(Self(text)),
            Err(error) => {
                error.into_bytes().zeroize();
                None
            }
        }
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// Compares two byte strings in constant time.
pub fn constant_time_eq(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;
    use proptest::prelude::*;

    fn mint(seed: u64) -> PlainSecret {
        PlainSecret::mint("sk_live_", &SeededEntropy::new(seed))
    }

    #[test]
    fn a_key_looks_as_documented() {
        let secret = mint(1);
        assert_eq!(secret.expose().len(), 44);
        insta::assert_snapshot!(format!("{}\n{}", secret.expose(), secret.shown()));
    }

    #[test]
    fn secrets_never_show_themselves() {
        let entropy = SeededEntropy::new(1);
        let all = format!("{:?} {:?} {:?}", mint(1), SigningSecret::mint(&entropy), Pepper::new([1; 32]));
        assert_eq!(all, "PlainSecret(…) SigningSecret(…) Pepper(…)");
    }

    #[test]
    fn peppers_keep_digests_apart() {
        let (one, other) = (Pepper::new([1; 32]), Pepper::new([2; 32]));
        assert_eq!(mint(1).digest(&one), mint(1).digest(&one));
        assert_ne!(mint(1).digest(&one), mint(1).digest(&other));
    }

    proptest! {
        #[test]
        fn what_is_minted_parses(seed: u64) {
            prop_assert!(Checked::parse("sk_live_", mint(seed).expose()).is_some());
            prop_assert!(Checked::parse("sk_test_", mint(seed).expose()).is_none());
        }

        #[test]
        fn one_wrong_character_is_found(seed: u64, at in 8usize..44, with in "[0-9A-Za-z]") {
            let secret = mint(seed);
            let mut text = secret.expose().to_owned();
            text.replace_range(at..=at, &with);
            let same = text == secret.expose();
            prop_assert_eq!(Checked::parse("sk_live_", &text).is_some(), same);
        }

        #[test]
        fn one_other_character_more_or_less_is_found(seed: u64, at in 0usize..44, with: char) {
            let secret = mint(seed);
            let text = secret.expose();
            let (before, rest) = text.split_at(at);
            let changed = format!("{before}{with}{}", &rest[1..]);
            prop_assert_eq!(Checked::parse("sk_live_", &changed).is_some(), changed == text);
            let (longer, shorter) = (format!("{before}{with}{rest}"), format!("{before}{}", &rest[1..]));
            prop_assert!(Checked::parse("sk_live_", &longer).is_none());
            prop_assert!(Checked::parse("sk_live_", &shorter).is_none());
        }

        #[test]
        fn two_neighbours_in_each_others_place_are_found(seed: u64, at in 8usize..37) {
            let secret = mint(seed);
            let mut text = secret.expose().as_bytes().to_vec();
            text.swap(at, at + 1);
            let text = String::from_utf8(text).expect("ASCII");
            prop_assert_eq!(Checked::parse("sk_live_", &text).is_some(), text == secret.expose());
        }

        #[test]
        fn junk_never_panics(text in ".*|sk_live_.*|sk_live_[0-9A-Za-z]{36}") {
            prop_assert!(Checked::parse("sk_live_", &text).is_none());
        }
    }
}
