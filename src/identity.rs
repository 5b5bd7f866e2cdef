//! How a person proves their identity without a password.

use crate::{Invalid, passkey::PasskeyUse};

/// A name that an external issuer gave a person. It is permanent, while their e-mail address may be reassigned
/// (OpenID Connect Core 1.0, 5.7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The issuer's URL.
    pub provider: String,
    /// The issuer's name for the person; at most 255 characters (OpenID Connect Core 1.0, 2).
    pub subject: String,
}

impl Identity {
    /// Validates an identity: neither part is empty or too long.
    pub fn check(provider: &str, subject: &str) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        if !(1..=200).contains(&provider.chars().count()) {
            invalid.push("provider", "Use 1 to 200 characters.");
        }
        if !(1..=255).contains(&subject.chars().count()) {
            invalid.push("subject", "Use 1 to 255 characters.");
        }
        invalid.or(Self { provider: provider.to_owned(), subject: subject.to_owned() })
    }
}

/// The proof with which a session is started. The store checks it again in the transaction that starts the session.
pub enum Proof {
    /// A password that matches this hash.
    Password { hash: String },
    /// Authenticated by an issuer.
    Identity(Identity),
    /// Signed with a passkey, which is both factors.
    Passkey(PasskeyUse),
}

impl Proof {
    /// The issuer, if there is one.
    pub fn provider(&self) -> Option<&str> {
        match self {
            Self::Password { .. } | Self::Passkey(_) => None,
            Self::Identity(identity) => Some(&identity.provider),
        }
    }

    /// The name of the passkey, if it is one.
    pub fn passkey(&self) -> Option<&str> {
        if let Self::Passkey(used) = self { Some(&used.name) } else { None }
    }
}
