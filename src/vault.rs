//! Encryption with the master key, which is never stored in the database.

use std::{fmt, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Entropy, Error, Result, audit::hex, key::secret};

const FORMAT: u8 = 1;
const FINGERPRINT: usize = 4;
const NONCE: usize = 24;

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

    fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
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

/// Encrypts and decrypts, and authenticates forms and links.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    cipher: XChaCha20Poly1305,
    fingerprint: [u8; FINGERPRINT],
    forms: Zeroizing<[u8; 32]>,
    links: Zeroizing<[u8; 32]>,
    journal: Zeroizing<[u8; 32]>,
}

impl Vault {
    pub fn new(master: &MasterKey) -> Self {
        let seal = master.derive("sallyport seal v1");
        let print = master.derive("sallyport fingerprint v1");
        Self(Arc::new(Keys {
            cipher: XChaCha20Poly1305::new_from_slice(seal.as_ref()).expect("the key has 32 bytes"),
            fingerprint: std::array::from_fn(|at| print[at]),
            forms: master.derive("sallyport form token v1"),
            links: master.derive("sallyport link token v1"),
            journal: master.derive("sallyport journal v1"),
        }))
    }

    /// Format, fingerprint of the master key, nonce, then the text encrypted with XChaCha20-Poly1305. `context` is
    /// the only place where it can be decrypted, so that encrypted values can't be swapped.
    pub fn seal(&self, context: &str, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let nonce: [u8; NONCE] = entropy.array();
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let sealed = self.0.cipher.encrypt(&XNonce::from(nonce), payload).expect("a short text can be sealed");
        [&[FORMAT], self.0.fingerprint.as_slice(), &nonce, &sealed].concat()
    }

    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let damaged = || Error::Sealed(format!("What is sealed as {context} is damaged; restore the database."));
        let Some((&FORMAT, rest)) = sealed.split_first() else {
            return Err(damaged());
        };
        let (print, rest) = rest.split_at_checked(FINGERPRINT).ok_or_else(damaged)?;
        if print != self.0.fingerprint {
            let message = "This database was encrypted with another master key: set SALLYPORT_MASTER_KEY, or put back the file master.key that was beside it.";
            return Err(Error::Sealed(message.to_owned()));
        }
        let (nonce, text) = rest.split_at_checked(NONCE).ok_or_else(damaged)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| damaged())?;
        let payload = Payload { msg: text, aad: context.as_bytes() };
        self.0.cipher.decrypt(&nonce, payload).map(Zeroizing::new).map_err(|_| damaged())
    }

    /// A keyed hash that only this deployment can compute.
    pub fn mark(&self, parts: &[&[u8]]) -> [u8; 32] {
        hash(&self.0.forms, parts)
    }

    pub fn is_marked(&self, parts: &[&[u8]], mark: &[u8]) -> bool {
        secret::constant_time_eq(&self.mark(parts), mark)
    }

    /// The same for the tokens of links, with a key of their own.
    pub fn link_hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        hash(&self.0.links, parts)
    }

    pub fn is_link_hash(&self, parts: &[&[u8]], other: &[u8]) -> bool {
        secret::constant_time_eq(&self.link_hash(parts), other)
    }

    /// Chains a line of the revocation journal to the one before.
    pub(crate) fn journal_mac(&self, before: &[u8; 16], line: &[u8]) -> [u8; 16] {
        let hash = hash(&self.0.journal, &[before, line]);
        std::array::from_fn(|at| hash[at])
    }

    /// Whether a text is this MAC in hexadecimal digits.
    pub(crate) fn is_journal_mac(&self, mac: &[u8; 16], text: &str) -> bool {
        secret::constant_time_eq(hex(mac).as_bytes(), text.as_bytes())
    }
}

/// HMAC-SHA256 over the parts, each preceded by its length.
fn hash(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    fn vault(seed: u64) -> Vault {
        Vault::new(&MasterKey::mint(&SeededEntropy::new(seed)))
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let sealed = vault(1).seal("pepper:1", b"secret", &SeededEntropy::new(2));
        assert_eq!(vault(1).open("pepper:1", &sealed).expect("opens").as_slice(), b"secret");
        assert!(vault(1).open("pepper:2", &sealed).is_err());
    }

    #[test]
    fn another_master_key_is_named_as_such() {
        let sealed = vault(1).seal("pepper:1", b"secret", &SeededEntropy::new(2));
        let error = vault(2).open("pepper:1", &sealed).expect_err("refused").to_string();
        assert!(error.contains("another master key"), "{error}");
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let sealed = vault(1).seal("pepper:1", b"secret", &SeededEntropy::new(2));
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(vault(1).open("pepper:1", &damaged).is_err(), "byte {at}");
            assert!(vault(1).open("pepper:1", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn master_keys_come_back_from_their_text() {
        let key = MasterKey::mint(&SeededEntropy::new(1));
        assert_eq!(MasterKey::parse(&key.expose()).expect("parses").0, key.0);
        assert!(MasterKey::parse("c2hvcnQ=").is_none());
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }
}
