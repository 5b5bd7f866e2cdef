//! Checkpoints: the size and the root of a chain's tree as text (C2SP `tlog-checkpoint`), signed with Ed25519 as a note
//! (C2SP `signed-note`), so that programs that are not ours read and verify them.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

use super::{personal::hex, tree::Hash};

/// The number of Ed25519 among the algorithms of notes.
const ALGORITHM: u8 = 1;
/// Begins a signature: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// The public half of a key that signs checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Its id under a name, as notes have it.
    pub fn id(&self, name: &str) -> [u8; 4] {
        let hash = Sha256::new().chain_update(name).chain_update([b'\n', ALGORITHM]).chain_update(self.0).finalize();
        std::array::from_fn(|at| hash[at])
    }

    /// The key with its name and id in one text, as verifiers of notes take it.
    pub fn verifier_key(&self, name: &str) -> String {
        let key = [&[ALGORITHM], &self.0[..]].concat();
        format!("{name}+{}+{}", hex(&self.id(name)), BASE64_STANDARD.encode(key))
    }

    /// Parses 32 bytes in base64, or a verifier key.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(key) = BASE64_STANDARD.decode(text).ok().and_then(|key| key.try_into().ok()) {
            return Some(Self(key));
        }
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, BASE64_STANDARD.decode(parts.next()?).ok()?);
        let (algorithm, key) = key.split_first()?;
        let key = Self(key.try_into().ok()?);
        (*algorithm == ALGORITHM && hex(&key.id(name)) == id).then_some(key)
    }

    pub(crate) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(text.as_bytes(), signature).is_ok()
    }
}

/// A key that signs checkpoints.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key with this seed (RFC 8032).
    pub fn of_seed(seed: &[u8; 32]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed"))
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(std::array::from_fn(|at| self.0.public_key().as_ref()[at]))
    }

    pub(crate) fn sign(&self, text: &str) -> Vec<u8> {
        self.0.sign(text.as_bytes()).as_ref().to_vec()
    }
}

/// The name under which a portal signs: its address without the scheme, and `/audit`. Names of notes contain neither
/// blanks nor `+`.
pub fn portal_name(public_url: &str) -> String {
    let host = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
    format!("{}/audit", host.trim_end_matches('/').replace('+', "%2B"))
}

/// The head of a chain's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is of: the portal's name and the chain's.
    pub origin: String,
    /// The number of events.
    pub size: u64,
    pub root: Hash,
    /// How many events at its beginning are in the first format.
    pub first_format: u64,
}

/// Begins the line with that number, which is left out for none: most logs have no such events.
const FIRST_FORMAT: &str = "first-format ";

/// Why a note is not accepted as a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadNote {
    Malformed,
    /// None of the keys has signed it.
    Unsigned,
    /// Only a key that was revoked has signed it.
    Revoked,
}

impl fmt::Display for BadNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is not a signed checkpoint",
            Self::Unsigned => "it is not signed with one of the public keys",
            Self::Revoked => "it is signed with a key that was revoked: somebody else may have signed it",
        })
    }
}

impl Checkpoint {
    /// What is signed.
    fn text(&self) -> String {
        let extension = match self.first_format {
            0 => String::new(),
            events => format!("{FIRST_FORMAT}{events}\n"),
        };
        format!("{}\n{}\n{}\n{extension}", self.origin, self.size, BASE64_STANDARD.encode(self.root))
    }

    /// The signed note. It is signed twice with the same key: under the log's own name, as `tlog-checkpoint` asks, and
    /// under the portal's, so that one published verifier key suits all logs.
    pub fn signed(&self, key: &SigningKey, portal: &str) -> String {
        let text = self.text();
        let signature = key.0.sign(text.as_bytes());
        let line = |name: &str| {
            let signature = [&key.public().id(name), signature.as_ref()].concat();
            format!("{DASH}{name} {}\n", BASE64_STANDARD.encode(signature))
        };
        format!("{text}\n{}{}", line(&self.origin), line(portal))
    }

    /// The checkpoint in a note that one of the keys has signed. Other signatures are ignored.
    pub fn open(note: &str, keys: &[PublicKey]) -> Result<Self, BadNote> {
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(BadNote::Malformed)?;
        let text = format!("{text}\n");
        let checkpoint = Self::parse(&text).ok_or(BadNote::Malformed)?;
        let is_signed = |line: &str| {
            let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
            let signature = BASE64_STANDARD.decode(signature).ok()?;
            let (id, signature) = signature.split_at_checked(4)?;
            Some(keys.iter().any(|key| key.id(name) == *id && key.has_signed(&text, signature)))
        };
        match signatures.lines().any(|line| is_signed(line) == Some(true)) {
            true => Ok(checkpoint),
            false => Err(BadNote::Unsigned),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, plain(lines.next()?)?, lines.next()?);
        let root = BASE64_STANDARD.decode(root).ok()?.try_into().ok()?;
        let first_format = match lines.find_map(|line| line.strip_prefix(FIRST_FORMAT)) {
            None => 0,
            Some(events) => plain(events).filter(|events| *events <= size)?,
        };
        (!origin.is_empty()).then(|| Self { origin: origin.to_owned(), size, root, first_format })
    }

    /// The chain that it is of.
    pub fn chain(&self) -> &str {
        self.origin.rsplit('/').next().unwrap_or_default()
    }
}

/// A number that is written in the one way.
fn plain(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> SigningKey {
        SigningKey::of_seed(&[n; 32])
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "keys.example.com/audit/org_x".to_owned(), size: 7, root: [9; 32], first_format: 0 }
    }

    #[test]
    fn a_note_is_opened_with_the_key_that_signed_it() {
        let note = checkpoint().signed(&key(1), "keys.example.com/audit");
        assert_eq!(Checkpoint::open(&note, &[key(2).public(), key(1).public()]), Ok(checkpoint()));
        assert_eq!(checkpoint().chain(), "org_x");
        assert_eq!(Checkpoint::open(&note, &[key(2).public()]), Err(BadNote::Unsigned));
        assert_eq!(Checkpoint::open(&note, &[]), Err(BadNote::Unsigned));
        let signatures: Vec<_> = note.lines().filter(|line| line.starts_with(DASH)).collect();
        assert_eq!(signatures.len(), 2);
        for name in [" keys.example.com/audit ", " keys.example.com/audit/org_x "] {
            let kept = signatures.iter().find(|line| line.contains(name)).expect("signed under it");
            let one = format!("{}\n{kept}\n", checkpoint().text());
            assert_eq!(Checkpoint::open(&one, &[key(1).public()]), Ok(checkpoint()), "{name}");
            let renamed = one.replace(name, " other.example.com ");
            assert_eq!(Checkpoint::open(&renamed, &[key(1).public()]), Err(BadNote::Unsigned), "{name}");
        }
    }

    #[test]
    fn what_was_changed_is_refused() {
        let note = checkpoint().signed(&key(1), "keys.example.com/audit");
        let public = [key(1).public()];
        for (from, to, why) in [
            ("org_x\n7", "org_y\n7", BadNote::Unsigned),
            ("\n7\n", "\n8\n", BadNote::Unsigned),
            ("\n7\n", "\n07\n", BadNote::Malformed),
            ("\n7\n", "\n-7\n", BadNote::Malformed),
            ("\n\n", "\n", BadNote::Malformed),
            ("CQkJ", "CQkK", BadNote::Unsigned),
            ("CQkJ", "", BadNote::Malformed),
            ("\n\n", "\nmore\n\n", BadNote::Unsigned),
        ] {
            assert_eq!(Checkpoint::open(&note.replacen(from, to, 1), &public), Err(why), "{from:?} {to:?}");
        }
        assert_eq!(Checkpoint::open(&note.replace(DASH, "- "), &public), Err(BadNote::Unsigned));
    }

    #[test]
    fn the_first_format_has_a_line() {
        let open = |checkpoint: &Checkpoint| {
            let note = checkpoint.signed(&key(1), "keys.example.com/audit");
            (Checkpoint::open(&note, &[key(1).public()]), note)
        };
        let with = |first_format| Checkpoint { first_format, ..checkpoint() };
        let (opened, note) = open(&with(7));
        assert_eq!(opened, Ok(with(7)));
        assert!(note.contains("\nfirst-format 7\n\n"), "{note}");
        assert!(!open(&with(0)).1.contains("first-format"), "left out where there is none");
        assert_eq!(open(&with(8)).0, Err(BadNote::Malformed), "more than there are events");
    }

    #[test]
    fn a_name_has_no_scheme() {
        assert_eq!(portal_name("https://keys.example.com"), "keys.example.com/audit");
        assert_eq!(portal_name("http://127.0.0.1:3000/a+b/"), "127.0.0.1:3000/a%2Bb/audit");
    }

    /// The key, and the id, of the example of the standard library of Go for notes.
    #[test]
    fn a_known_verifier_key_is_read() {
        let known = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = PublicKey::parse(known).expect("parses");
        assert_eq!(key.verifier_key("PeterNeumann"), known);
        let note =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let signature = BASE64_STANDARD.decode(signature).expect("base64");
        assert_eq!(signature[..4], key.id("PeterNeumann"));
        assert!(key.has_signed(note, &signature[4..]));
    }
}
