//! Finds whole secrets in text. Keys of every profile and root tokens end with a checksum of what is before it, so
//! that no prefix has to be known, and similar text is not affected.

use crate::{
    base62,
    key::secret::{CHECKSUM, RANDOM, SigningSecret},
};

/// The characters of a key after its prefix.
const TAIL: usize = RANDOM + CHECKSUM;
/// The maximum length of a prefix.
const PREFIX: usize = 40;

pub fn is_in(text: &str) -> bool {
    let text = text.as_bytes();
    // A copied key ends at the end of a word.
    let ends_word = |end: &usize| !text.get(*end).is_some_and(u8::is_ascii_alphanumeric);
    has_signing_secret(text) || (TAIL..=text.len()).filter(ends_word).any(|end| is_key(&text[..end]))
}

/// Whether a key ends here.
fn is_key(text: &[u8]) -> bool {
    let (before, tail) = text.split_at(text.len() - TAIL);
    if !base62::is_base62(tail) {
        return false;
    }
    let (body, checksum) = text.split_at(text.len() - CHECKSUM);
    let longest = before.iter().rev().take(PREFIX).take_while(|byte| byte.is_ascii_graphic()).count();
    (0..=longest).any(|prefix| {
        let key = &body[before.len() - prefix..];
        base62::six(crc32fast::hash(key)) == checksum
    })
}

fn has_signing_secret(text: &[u8]) -> bool {
    let prefix = SigningSecret::PREFIX.as_bytes();
    text.windows(prefix.len() + SigningSecret::RANDOM)
        .any(|window| window.strip_prefix(prefix).is_some_and(base62::is_base62))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{key::PlainSecret, root_token, testing::SeededEntropy};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whole_secrets_are_found(
            seed: u64, prefix in "[a-z]{1,6}[_-]([a-z]{1,6}_)?", before in "(.*[ \"=:/])?", after in "([ \",&].*)?"
        ) {
            let entropy = SeededEntropy::new(seed);
            let key = PlainSecret::mint(&prefix, &entropy);
            let (token, signing) = (root_token::mint(&entropy), SigningSecret::mint(&entropy));
            for secret in [key.expose(), token.expose(), signing.expose()] {
                let text = format!("{before}{secret}{after}");
                prop_assert!(is_in(&text), "{}", text);
                // Shortened secrets are allowed.
                let parts = format!("{}…{}", &secret[..secret.len() - 30], &secret[secret.len() - 4..]);
                prop_assert!(!is_in(&parts));
            }
        }

        #[test]
        fn a_key_with_a_wrong_character_is_none(seed: u64, at in 8usize..44) {
            let mut text = PlainSecret::mint("sk_live_", &SeededEntropy::new(seed)).expose().to_owned();
            let other = if text.as_bytes()[at] == b'x' { "y" } else { "x" };
            text.replace_range(at..=at, other);
            prop_assert!(!is_in(&text));
        }

        #[test]
        fn words_are_no_secrets(text in "\\PC*|[a-zA-Z0-9_ ]{0,200}|[0-9a-f]{64}") {
            prop_assert!(!is_in(&text));
        }
    }
}
