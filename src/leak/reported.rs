//! What a report says: whether a text is a secret of this deployment, and where it was found.

use crate::{
    key::secret::Checked,
    personal_token,
    profile::Profile,
    root_token,
    scan::Finder,
    service_account,
    text::{hides, shown_again},
};

/// The longest text about where a secret was found.
pub const LONGEST_PLACE: usize = 500;

/// What a reported secret opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakedKind {
    Key,
    RootToken,
    /// Also the refresh token of a command line.
    PersonalToken,
    ServiceToken,
}

/// A whole secret of this deployment, by its prefix and checksum.
pub fn parse<'a>(profile: &Profile, token: &'a str) -> Option<(LeakedKind, Checked<'a>)> {
    let token = token.trim();
    if let Some(key) = profile.prefix_of(token).and_then(|prefix| Checked::parse(prefix, token)) {
        return Some((LeakedKind::Key, key));
    }
    if let Some(token) = root_token::parse(token) {
        return Some((LeakedKind::RootToken, token));
    }
    if let Some(token) = service_account::parse(token) {
        return Some((LeakedKind::ServiceToken, token));
    }
    let personal = personal_token::parse(token).or_else(|| personal_token::parse_refresh(token));
    personal.map(|token| (LeakedKind::PersonalToken, token))
}

/// Where a secret was found, as people may read it: one line, bounded, and without the secret, which an address may contain.
pub fn place(finder: &Finder, said: &str) -> String {
    let plain: String = finder.masked(said).chars().map(|letter| if hides(letter) { ' ' } else { letter }).collect();
    let place: String = plain.trim().chars().take(LONGEST_PLACE).collect();
    shown_again(&place).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{key::PlainSecret, testing::SeededEntropy};

    #[test]
    fn each_kind_is_told_apart_and_typos_are_none() {
        let (profile, entropy) = (Profile::standard(), SeededEntropy::new(1));
        let mint = |prefix| PlainSecret::mint(prefix, &entropy).expose().to_owned();
        for (secret, kind) in [
            (mint("sk_live_"), Some(LeakedKind::Key)),
            (format!(" {}\n", mint("sk_test_")), Some(LeakedKind::Key)),
            (mint(root_token::PREFIX), Some(LeakedKind::RootToken)),
            (mint(personal_token::PREFIX), Some(LeakedKind::PersonalToken)),
            (mint(personal_token::REFRESH_PREFIX), Some(LeakedKind::PersonalToken)),
            (mint(service_account::PREFIX), Some(LeakedKind::ServiceToken)),
            (mint("sk_live_").to_lowercase(), None),
            (mint("sk_live_")[..43].to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(parse(&profile, &secret).map(|(kind, _)| kind), kind);
        }
    }

    #[test]
    fn a_place_is_one_line_without_the_secret() {
        let finder = Finder::new(&Profile::standard());
        let key = PlainSecret::mint("sk_live_", &SeededEntropy::new(1));
        let said = format!(" https://example.com/?key={0}&again={0}\r\nBcc: x\u{202e} ", key.expose());
        let kept = place(&finder, &said);
        assert_eq!(kept, format!("https://example.com/?key={0}&again={0}  Bcc: x", key.shown()));
        assert_eq!(place(&finder, &"é".repeat(5_000)).chars().count(), LONGEST_PLACE);
        assert_eq!(place(&finder, ""), "");
        // Of a secret that is cut off, what is left is not all of it.
        let long = format!("{}{}", "x".repeat(LONGEST_PLACE - 20), key.expose());
        assert!(!place(&finder, &long).contains(&key.expose()[..20]));
    }
}
