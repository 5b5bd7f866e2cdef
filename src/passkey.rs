//! Passkeys (WebAuthn): keys in a person's device or password manager, with which they sign in.
//!
//! Each use verifies the person (by fingerprint, face or PIN), so that a passkey is two factors: it signs in by itself.

#[cfg(feature = "store")]
mod relying_party;

#[cfg(feature = "store")]
pub use relying_party::{AddingChallenge, Answer, Challenge, RelyingParty};

use crate::{
    Invalid, Timestamp,
    id::{PasskeyId, UserId},
    text,
};

/// The most passkeys that a person has at once.
pub const MOST_PASSKEYS: i64 = 10;

/// The field of its name in forms.
const NAME: &str = "passkey_name";

/// A passkey of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    pub id: PasskeyId,
    pub user_id: UserId,
    /// The host for which it was made: browsers offer it there alone.
    pub rp_id: String,
    /// What the person calls it.
    pub name: String,
    /// The authenticator's name for it; at most 1023 bytes (WebAuthn 3, 4).
    pub credential_id: Vec<u8>,
    /// Its public key and its counter, as JSON.
    pub credential: String,
    pub added_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// A passkey that was just made, with the challenge that was answered.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    pub rp_id: String,
    pub credential_id: Vec<u8>,
    pub credential: String,
    pub challenge: [u8; 32],
}

/// A use of a passkey whose signature was checked. The store checks the rest when it is used up: that the passkey is still the
/// person's, unchanged, and that the challenge was not answered before.
#[derive(Clone, Debug)]
pub struct PasskeyUse {
    pub passkey: PasskeyId,
    pub name: String,
    /// What it was checked with.
    pub before: String,
    /// The same with the counter of now.
    pub after: String,
    /// The digest of the challenge that was answered.
    pub challenge: [u8; 32],
}

/// Why an answer proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotProved {
    /// It is none, or of another passkey, site, challenge or person, or the person was not verified; for logs.
    Wrong(String),
    /// The signature is right, but its counter went back: there may be a copy of the passkey (WebAuthn 3, 6.1.1).
    Copied,
}

/// Validates the name of a passkey.
pub fn check_name(name: &str) -> Result<String, Invalid> {
    text::line(NAME, name, 100, "Give the passkey a name.")
}
