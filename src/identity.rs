//! How a person proves who they are, beside a password.

use crate::Invalid;

/// A name that an issuer outside of this portal gave a person. It is theirs for good, where their e-mail address may become
/// another's (OpenID Connect Core 1.0, 5.7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Who vouches for it: an issuer's URL.
    pub provider: String,
    /// What the issuer calls the person; at most 255 characters (OpenID Connect Core 1.0, 2).
    pub subject: String,
}

impl Identity {
    /// One to be kept: both are short enough, and not empty.
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

/// What somebody showed to begin a session. The store looks at it again in the transaction that begins the session.
pub enum Proof {
    /// A password that this hash was made of.
    Password { hash: String },
    /// An issuer vouched for them.
    Identity(Identity),
}
