//! Tokens of links that are sent by mail.
//!
//! A token is an id and a keyed hash over purpose, id and generation. Nothing of it is stored: a mail that is sent again
//! has the same link, and neither the database nor its jobs open anything.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::vault::Vault;

/// What a link is for: the token of one purpose is of no use for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    PasswordReset,
    Invitation,
}

impl Purpose {
    /// A part of the hash: changing it invalidates all links.
    const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReset => "password reset",
            Self::Invitation => "invitation",
        }
    }
}

/// The token for a row with this id. A higher generation invalidates the links of lower ones; what is never renewed has
/// only the first.
pub fn token(vault: &Vault, purpose: Purpose, id: &str, generation: u32) -> String {
    let hash = vault.link_hash(&parts(purpose, id, &generation.to_be_bytes()));
    format!("{id}.{}", BASE64_URL_SAFE_NO_PAD.encode(hash))
}

/// The id in a token. It proves nothing: see [`is_token`].
pub fn id(token: &str) -> Option<&str> {
    token.rsplit_once('.').map(|(id, _)| id)
}

/// Whether this is the token for a row with this id.
pub fn is_token(vault: &Vault, purpose: Purpose, id: &str, generation: u32, token: &str) -> bool {
    let hash = token.strip_prefix(id).and_then(|rest| rest.strip_prefix('.'));
    let hash = hash.and_then(|hash| BASE64_URL_SAFE_NO_PAD.decode(hash).ok());
    hash.is_some_and(|hash| vault.is_link_hash(&parts(purpose, id, &generation.to_be_bytes()), &hash))
}

fn parts<'a>(purpose: Purpose, id: &'a str, generation: &'a [u8]) -> [&'a [u8]; 3] {
    [purpose.as_str().as_bytes(), id.as_bytes(), generation]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testing::SeededEntropy, vault::MasterKey};
    use proptest::prelude::*;

    const RESET: Purpose = Purpose::PasswordReset;

    fn vault(seed: u64) -> Vault {
        Vault::new(&MasterKey::mint(&SeededEntropy::new(seed)))
    }

    #[test]
    fn a_token_is_good_for_its_id_generation_and_master_key() {
        let made = token(&vault(1), RESET, "rst_a", 1);
        assert_eq!(made, token(&vault(1), RESET, "rst_a", 1), "the same each time");
        assert_eq!(id(&made), Some("rst_a"));
        assert!(is_token(&vault(1), RESET, "rst_a", 1, &made));
        assert!(!is_token(&vault(1), RESET, "rst_a", 2, &made), "another generation");
        assert!(!is_token(&vault(1), RESET, "rst_b", 1, &made.replace("rst_a", "rst_b")), "another id");
        assert!(!is_token(&vault(1), Purpose::Invitation, "rst_a", 1, &made), "another purpose");
        assert!(!is_token(&vault(2), RESET, "rst_a", 1, &made), "another master key");
    }

    #[test]
    fn it_is_not_the_hash_of_a_form() {
        let hash = vault(1).mark(&parts(RESET, "rst_a", &1_u32.to_be_bytes()));
        let forged = format!("rst_a.{}", BASE64_URL_SAFE_NO_PAD.encode(hash));
        assert!(!is_token(&vault(1), RESET, "rst_a", 1, &forged));
    }

    proptest! {
        #[test]
        fn one_other_character_is_refused(seed: u64, at in 0usize..49, with: char) {
            let made = token(&vault(seed), RESET, "rst_a", 1);
            let changed = format!("{}{with}{}", &made[..at], &made[at + 1..]);
            let is_good = id(&changed).is_some_and(|id| is_token(&vault(seed), RESET, id, 1, &changed));
            prop_assert_eq!(is_good, changed == made);
        }

        #[test]
        fn junk_is_refused(text in ".*|rst_[a-z]{1,8}\\.[0-9A-Za-z_-]{40,46}") {
            let is_good = id(&text).is_some_and(|id| is_token(&vault(1), RESET, id, 1, &text));
            prop_assert!(!is_good);
        }
    }
}
