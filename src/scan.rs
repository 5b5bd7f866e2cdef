//! Finds the keys of a deployment in any text: by their prefix, their length and their checksum, without a database.

mod finder;
mod stream;

pub use finder::Finder;
pub use stream::{Found, Stream};

use crate::{
    key::secret::{CHECKSUM, RANDOM},
    personal_token,
    profile::{Mode, Profile},
    root_token, service_account,
};

/// The characters after the prefix.
pub const TAIL: usize = RANDOM + CHECKSUM;

/// What a secret opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ApiKey(Mode),
    RootToken,
    PersonalToken,
    RefreshToken,
    ServiceToken,
}

impl Kind {
    pub const ALL: [Self; 6] = [
        Self::ApiKey(Mode::Live),
        Self::ApiKey(Mode::Test),
        Self::RootToken,
        Self::PersonalToken,
        Self::RefreshToken,
        Self::ServiceToken,
    ];

    /// In identifiers of rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey(Mode::Live) => "live-api-key",
            Self::ApiKey(Mode::Test) => "test-api-key",
            Self::RootToken => "root-token",
            Self::PersonalToken => "personal-token",
            Self::RefreshToken => "refresh-token",
            Self::ServiceToken => "service-token",
        }
    }

    /// For people, within a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ApiKey(Mode::Live) => "live API key",
            Self::ApiKey(Mode::Test) => "test API key",
            Self::RootToken => "root token",
            Self::PersonalToken => "personal token",
            Self::RefreshToken => "refresh token",
            Self::ServiceToken => "token of a service account",
        }
    }
}

/// What one kind of secret begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub kind: Kind,
    pub prefix: String,
}

impl Pattern {
    /// All secrets of a deployment that have a checksum, keys first.
    pub fn of_profile(profile: &Profile) -> Vec<Self> {
        let of_keys = profile.environments.iter().map(|of| (Kind::ApiKey(of.mode), of.prefix.as_str()));
        let own = [
            (Kind::RootToken, root_token::PREFIX),
            (Kind::PersonalToken, personal_token::PREFIX),
            (Kind::RefreshToken, personal_token::REFRESH_PREFIX),
            (Kind::ServiceToken, service_account::PREFIX),
        ];
        let mut patterns: Vec<Self> = Vec::new();
        for (kind, prefix) in of_keys.chain(own) {
            // Environments of the same mode may share a prefix.
            if !patterns.iter().any(|known| known.prefix == prefix) {
                patterns.push(Self { kind, prefix: prefix.to_owned() });
            }
        }
        patterns
    }

    /// A regular expression for other scanners, which do not know the checksum. A prefix has no special characters.
    pub fn expression(&self) -> String {
        format!("{}[0-9A-Za-z]{{{TAIL}}}", self.prefix)
    }

    /// A text with the right form and checksum that is nobody's secret.
    pub fn example(&self) -> String {
        let body = format!("{}{}", self.prefix, "0".repeat(RANDOM));
        let checksum = crate::base62::six_digits(crc32fast::hash(body.as_bytes()));
        body + std::str::from_utf8(&checksum).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
