//! Sanitizes parts of a request for display: short, without possible secrets and without misleading characters.

use crate::{profile::Profile, reserved_prefixes::RESERVED_PREFIXES, text};

/// At most `most` characters of a text. A path may contain a key, so anything that begins like a secret is cut after
/// its prefix.
pub fn sanitized(text: &str, most: usize, profile: &Profile) -> Box<str> {
    let mut shown = String::new();
    let mut rest = text.get(..longest(text, most)).unwrap_or_default();
    let cut = rest.len() < text.len();
    while let Some((at, prefix)) = next_secret(rest, profile) {
        let (before, secret) = rest.split_at(at);
        let end = secret[prefix.len()..].find(|letter: char| !is_of_secret(letter));
        let end = end.map_or(secret.len(), |end| prefix.len() + end);
        shown.extend([before, prefix, "…"]);
        rest = &secret[end..];
    }
    shown.push_str(rest);
    if cut {
        shown.push('…');
    }
    shown.replace(text::hides, "\u{fffd}").into()
}

fn longest(text: &str, most: usize) -> usize {
    text.char_indices().nth(most).map_or(text.len(), |(at, _)| at)
}

/// The position of the first secret, and its prefix.
fn next_secret<'a>(text: &str, profile: &'a Profile) -> Option<(usize, &'a str)> {
    let ours = RESERVED_PREFIXES.iter().map(|(prefix, _)| *prefix);
    let prefixes = profile.prefixes().chain(ours);
    prefixes.filter(|prefix| !prefix.is_empty()).filter_map(|prefix| Some((text.find(prefix)?, prefix))).min()
}

fn is_of_secret(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::{PlainSecret, SigningSecret},
        testing::SeededEntropy,
    };
    use proptest::prelude::*;

    #[test]
    fn what_is_long_or_strange_is_made_plain() {
        let profile = Profile::standard();
        for (text, expected) in [
            ("/leads", "/leads"),
            ("/leads/0123456789", "/leads/012…"),
            ("a\u{202e}b\nc", "a\u{fffd}b\u{fffd}c"),
            ("a\u{61c}b", "a\u{fffd}b"),
            ("日本日本日本日本日本日本", "日本日本日本日本日本…"),
            ("", ""),
        ] {
            assert_eq!(&*sanitized(text, 10, &profile), expected, "{text}");
        }
    }

    #[test]
    fn secrets_are_cut() {
        let (profile, entropy) = (Profile::standard(), SeededEntropy::new(1));
        let key = PlainSecret::mint("sk_live_", &entropy);
        let signing = SigningSecret::mint(&entropy);
        let path = format!("/hooks/{}/and/{}/x", key.expose(), signing.expose());
        assert_eq!(&*sanitized(&path, 300, &profile), "/hooks/sk_live_…/and/sgn_…/x");
        // Cut within the secret too.
        for most in 0..path.len() {
            let shown = sanitized(&path, most, &profile);
            assert!(!shown.contains(&key.expose()[8..12]) && !shown.contains(&signing.expose()[4..8]), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_short(text in ".*", most in 0_usize..50) {
            let shown = sanitized(&text, most, &Profile::standard());
            // Each masked secret is shorter than before.
            prop_assert!(shown.chars().count() <= most + 1 + text.matches('_').count());
            prop_assert!(!shown.contains(text::hides));
        }
    }
}
