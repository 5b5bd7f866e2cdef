//! Root tokens, with which backends call the API.

use serde::Serialize;

use crate::{
    Entropy, Timestamp,
    id::{OrgId, TokenId},
    key::secret::{Checked, PlainSecret},
};

/// The prefix of root tokens.
pub const PREFIX: &str = "sp_root_";

/// Creates the text of a new token.
pub fn mint(entropy: &dyn Entropy) -> PlainSecret {
    PlainSecret::mint(PREFIX, entropy)
}

/// Parses a token by its form and checksum.
pub fn parse(text: &str) -> Option<Checked<'_>> {
    Checked::parse(PREFIX, text)
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RootToken {
    #[serde(rename = "token_id")]
    pub id: TokenId,
    pub name: String,
    /// Whether it may also use the management endpoints.
    pub manage: bool,
    /// Restricts it to this organization.
    pub org_id: Option<OrgId>,
    /// The shortened token, enough to recognize it: `sp_root_7Hq2…x9Ka`.
    pub shown: String,
    pub created_at: Timestamp,
    /// Refused from then on; `None` if it does not expire.
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl RootToken {
    /// Whether it has expired by then.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// A validated root token to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewToken {
    pub name: String,
    pub manage: bool,
    /// Restricts it to this organization.
    pub org_id: Option<OrgId>,
    pub expires_at: Option<Timestamp>,
    /// Identifies the form that asked for it, so that a form sent twice creates one token.
    pub form_token: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profile::Profile, testing::SeededEntropy};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_root_token_is_no_key_and_a_key_no_root_token(seed: u64) {
            let entropy = SeededEntropy::new(seed);
            let token = mint(&entropy);
            prop_assert!(parse(token.expose()).is_some());
            prop_assert!(Profile::standard().prefix_of(token.expose()).is_none());
            for prefix in ["sk_live_", "sk_test_"] {
                prop_assert!(parse(PlainSecret::mint(prefix, &entropy).expose()).is_none());
            }
        }

        #[test]
        fn one_other_character_is_found(seed: u64, at in 0usize..44, with: char) {
            let token = mint(&SeededEntropy::new(seed));
            let (before, rest) = token.expose().split_at(at);
            let changed = format!("{before}{with}{}", &rest[1..]);
            prop_assert_eq!(parse(&changed).is_some(), changed == token.expose());
        }

        #[test]
        fn junk_never_panics(text in ".*|sp_root_.*") {
            prop_assert!(parse(&text).is_none());
        }
    }
}
