//! Encryption with the master key, which is never stored in the database.

mod master_key;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{Entropy, Error, Result, audit::hex, key::secret};

pub use master_key::{Fingerprint, MasterKey};

/// Only the context is authenticated as well.
const FORMAT_1: u8 = 1;
/// The format and the fingerprint are authenticated, too.
const FORMAT_2: u8 = 2;
const FINGERPRINT: usize = 4;
const NONCE: usize = 24;

/// How what is sealed with a key begins.
pub(crate) const PREFIX: usize = 1 + FINGERPRINT;

/// Reads the master keys again; empty if they can't be read.
pub type KeySource = Box<dyn Fn() -> Vec<MasterKey> + Send + Sync>;

/// Encrypts and decrypts, and authenticates forms and links. It may have several master keys, while one replaces another: the
/// first seals, all of them open.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    ring: RwLock<Ring>,
    source: Option<KeySource>,
}

struct Ring {
    keys: Vec<Keys>,
    lasting: Lasting,
}

struct Keys {
    cipher: XChaCha20Poly1305,
    fingerprint: Fingerprint,
    forms: Zeroizing<[u8; 32]>,
    links: Zeroizing<[u8; 32]>,
    /// Of journals, until a database has its own.
    journal: Zeroizing<[u8; 32]>,
}

/// Keys that no other master key replaces: the journals of years, and nodes that change over one after another, need the same.
/// They are derived from the first master key, and stored sealed.
#[derive(Clone)]
pub(crate) struct Lasting {
    pub names: Zeroizing<[u8; 32]>,
    pub journal: Zeroizing<[u8; 32]>,
}

impl Keys {
    fn new(master: &MasterKey) -> Self {
        let seal = master.derive("sallyport seal v1");
        Self {
            cipher: XChaCha20Poly1305::new_from_slice(seal.as_ref()).expect("the key has 32 bytes"),
            fingerprint: master.fingerprint(),
            forms: master.derive("sallyport form token v1"),
            links: master.derive("sallyport link token v1"),
            journal: master.derive("sallyport journal v1"),
        }
    }

    /// Names were made with the key of forms before there were several master keys.
    fn lasting(&self) -> Lasting {
        Lasting { names: self.forms.clone(), journal: self.journal.clone() }
    }

    fn seal(&self, context: &str, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let nonce: [u8; NONCE] = entropy.array();
        let head = self.fingerprint.prefix();
        let payload = Payload { msg: plain, aad: &[&head, context.as_bytes()].concat() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).expect("a short text can be sealed");
        [&head, nonce.as_slice(), &sealed].concat()
    }
}

impl Vault {
    /// With one master key.
    pub fn new(master: &MasterKey) -> Self {
        Self::of(std::slice::from_ref(master), None)
    }

    /// With several, at least one: the first seals until the database names another.
    pub fn of(masters: &[MasterKey], source: Option<KeySource>) -> Self {
        let mut keys: Vec<Keys> = Vec::with_capacity(masters.len());
        masters.iter().for_each(|master| add(&mut keys, master));
        let first = keys.first().expect("a master key");
        let lasting = first.lasting();
        let ring = Ring { keys, lasting };
        Self(Arc::new(Inner { ring: RwLock::new(ring), source }))
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.0.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Ring> {
        self.0.ring.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of the key that seals.
    pub fn fingerprint(&self) -> Fingerprint {
        self.ring().keys[0].fingerprint
    }

    /// Of all keys; the one that seals is the first.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        self.ring().keys.iter().map(|keys| keys.fingerprint).collect()
    }

    pub fn holds(&self, key: Fingerprint) -> bool {
        self.ring().keys.iter().any(|keys| keys.fingerprint == key)
    }

    /// The same, after a look at the source for one that is new.
    pub(crate) fn finds(&self, key: Fingerprint) -> bool {
        if !self.holds(key) {
            let read = self.0.source.as_ref().map(|source| source()).unwrap_or_default();
            let mut ring = self.change();
            read.iter().for_each(|master| add(&mut ring.keys, master));
        }
        self.holds(key)
    }

    /// Lets this key seal from now on, if it is there.
    pub(crate) fn use_key(&self, key: Fingerprint) {
        if self.fingerprint() != key {
            // The others keep their order.
            self.change().keys.sort_by_key(|keys| keys.fingerprint != key);
        }
    }

    /// Forgets a key that does not seal.
    pub(crate) fn forget(&self, key: Fingerprint) {
        let mut ring = self.change();
        let mut first = true;
        ring.keys.retain(|keys| std::mem::take(&mut first) || keys.fingerprint != key);
    }

    pub(crate) fn set_lasting(&self, lasting: Lasting) {
        self.change().lasting = lasting;
    }

    pub(crate) fn lasting(&self) -> Lasting {
        self.ring().lasting.clone()
    }

    /// For a database that has none yet. The key of its journals depends on `installation`, too: two installations with the same
    /// master key can't read each other's journals.
    pub(crate) fn derive_lasting(&self, installation: &[u8]) -> Lasting {
        let mut lasting = self.ring().keys[0].lasting();
        lasting.journal = Zeroizing::new(hash(&lasting.journal, &[installation]));
        lasting
    }

    /// Format, fingerprint of the master key, nonce, then the text encrypted with XChaCha20-Poly1305. `context` is
    /// the only place where it can be decrypted, so that encrypted values can't be swapped. For what is not stored; what the
    /// database keeps is sealed by `Tx::seal`, with the key that it names.
    pub fn seal(&self, context: &str, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        self.ring().keys[0].seal(context, plain, entropy)
    }

    /// The same with one of the keys.
    pub(crate) fn seal_with(
        &self,
        key: Fingerprint,
        context: &str,
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>> {
        let ring = self.ring();
        let keys = ring.keys.iter().find(|keys| keys.fingerprint == key).ok_or(MissingKey(key))?;
        Ok(keys.seal(context, plain, entropy))
    }

    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let damaged = || Error::Sealed(format!("What is sealed as {context} is damaged; restore the database."));
        let (head, rest) = sealed.split_at_checked(PREFIX).ok_or_else(damaged)?;
        let print = Fingerprint::of_prefix(head).ok_or_else(damaged)?;
        let (nonce, text) = rest.split_at_checked(NONCE).ok_or_else(damaged)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| damaged())?;
        let ring = self.ring();
        let keys = ring.keys.iter().find(|keys| keys.fingerprint == print).ok_or(MissingKey(print))?;
        let opened = match head[0] {
            FORMAT_1 => keys.cipher.decrypt(&nonce, Payload { msg: text, aad: context.as_bytes() }),
            _ => {
                let aad = [head, context.as_bytes()].concat();
                keys.cipher.decrypt(&nonce, Payload { msg: text, aad: &aad })
            }
        };
        opened.map(Zeroizing::new).map_err(|_| damaged())
    }

    /// The same for what is stored: if another process sealed it with a key that is new, that is read from its file.
    pub(crate) fn open_stored(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        if let Some(print) = sealed.get(..PREFIX).and_then(Fingerprint::of_prefix) {
            self.finds(print);
        }
        self.open(context, sealed)
    }

    /// A keyed hash that only this deployment can compute.
    pub fn mark(&self, parts: &[&[u8]]) -> [u8; 32] {
        hash(&self.ring().keys[0].forms, parts)
    }

    pub fn is_marked(&self, parts: &[&[u8]], mark: &[u8]) -> bool {
        self.ring().keys.iter().any(|keys| secret::constant_time_eq(&hash(&keys.forms, parts), mark))
    }

    /// The same for the tokens of links, with a key of their own.
    pub fn link_hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        hash(&self.ring().keys[0].links, parts)
    }

    pub fn is_link_hash(&self, parts: &[&[u8]], other: &[u8]) -> bool {
        self.ring().keys.iter().any(|keys| secret::constant_time_eq(&hash(&keys.links, parts), other))
    }

    /// With each of the keys, for a look-up.
    pub(crate) fn link_hashes(&self, parts: &[&[u8]]) -> Vec<[u8; 32]> {
        self.ring().keys.iter().map(|keys| hash(&keys.links, parts)).collect()
    }

    /// For the names of things outside the database, which all nodes share.
    pub(crate) fn name(&self, parts: &[&[u8]]) -> [u8; 32] {
        hash(&self.ring().lasting.names, parts)
    }

    /// Chains a line of the revocation journal to the one before.
    pub(crate) fn journal_mac(&self, before: &[u8; 16], line: &[u8]) -> [u8; 16] {
        let hash = hash(&self.ring().lasting.journal, &[before, line]);
        std::array::from_fn(|at| hash[at])
    }

    /// Whether a text is this MAC in hexadecimal digits.
    pub(crate) fn is_journal_mac(&self, mac: &[u8; 16], text: &str) -> bool {
        secret::constant_time_eq(hex(mac).as_bytes(), text.as_bytes())
    }
}

fn add(ring: &mut Vec<Keys>, master: &MasterKey) {
    let print = master.fingerprint();
    if ring.iter().all(|keys| keys.fingerprint != print) {
        ring.push(Keys::new(master));
    }
}

/// A key that is needed and not there.
pub(crate) struct MissingKey(pub Fingerprint);

impl From<MissingKey> for Error {
    fn from(MissingKey(key): MissingKey) -> Self {
        Self::Sealed(format!(
            "This database was encrypted with another master key, whose fingerprint is {key}: set SALLYPORT_MASTER_KEY, or put \
         back the file master.key that was beside it. If `sallyport rekey` replaced it, put the key of before into \
         master.key.old (or SALLYPORT_MASTER_KEY_OLD), and the new one into master.key.new, as on the node where it ran."
        ))
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
mod tests;
