//! How a text that was typed into a search is to be understood: a secret is never repeated.

use sallyport::{
    id::RequestId,
    key::{SigningSecret, secret::Checked},
    personal_token,
    profile::Profile,
    root_token, service_account,
};

pub enum SearchInput<'a> {
    Nothing,
    /// A whole API key, perhaps with its header around it.
    Key(Checked<'a>),
    /// The id of a request, perhaps with the whole answer around it.
    Request(RequestId),
    /// A secret that no key is found by: it is neither looked up nor repeated.
    Secret(&'static str),
    Words(&'a str),
}

impl<'a> SearchInput<'a> {
    pub fn by(text: &'a str, profile: &Profile) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Nothing;
        }
        let tokens = || text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        if let Some(key) = tokens().find_map(|token| checked(token, profile)) {
            return Self::Key(key);
        }
        if let Some(id) = tokens().find_map(request) {
            return Self::Request(id);
        }
        for token in tokens() {
            if let Some(said) = secret(token, profile) {
                return Self::Secret(said);
            }
        }
        if text.split_whitespace().any(is_foreign) {
            return Self::Secret(FOREIGN);
        }
        Self::Words(text)
    }
}

/// As long as we write them: what is longer may be a secret.
fn request(token: &str) -> Option<RequestId> {
    RequestId::parse(token).filter(|_| token.len() == RequestId::PREFIX.len() + 20)
}

fn checked<'a>(token: &'a str, profile: &Profile) -> Option<Checked<'a>> {
    Checked::parse(profile.prefix_of(token)?, token)
}

/// What to say of a text that looks like a secret. What lists show of a key is none: four letters of it.
fn secret(token: &str, profile: &Profile) -> Option<&'static str> {
    let longer_than_shown = |prefix: &str| token.len() > prefix.len() + 8;
    if profile.prefix_of(token).is_some_and(longer_than_shown) {
        return Some(
            "This looks like an API key, but it is incomplete or has a typo. Paste all of it, or search for its label.",
        );
    }
    if token.starts_with(SigningSecret::PREFIX) && longer_than_shown(SigningSecret::PREFIX) {
        return Some(
            "This looks like a signing secret. Those are encrypted and can’t be searched; paste the API key instead.",
        );
    }
    if token.starts_with(root_token::PREFIX) && longer_than_shown(root_token::PREFIX) {
        return Some("This looks like a root token. Those belong to no organization; the command line lists them.");
    }
    if [personal_token::PREFIX, personal_token::REFRESH_PREFIX]
        .iter()
        .any(|prefix| token.starts_with(prefix) && longer_than_shown(prefix))
    {
        return Some("This looks like a personal token. Yours are listed in your account.");
    }
    if token.starts_with(service_account::PREFIX) && longer_than_shown(service_account::PREFIX) {
        return Some(
            "This looks like a token of a service account. Those are listed with their account, among members.",
        );
    }
    // No name has so many letters with digits among them and no space; another system's secret has.
    let run = |part: &str| part.len() >= 20 && part.bytes().any(|byte| byte.is_ascii_digit());
    token.split('_').any(run).then_some(FOREIGN)
}

const FOREIGN: &str = "This looks like a secret that is not of this portal, so it was not looked up.";

/// Base64 with its signs, as other systems write secrets.
fn is_foreign(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| word.bytes().any(|byte| kind(&byte));
    word.len() >= 32
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(|byte| b"+/=-.~".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sallyport::{
        Entropy,
        id::{AppId, KeyId, OrgId},
        key::{PlainSecret, secret::Pepper},
        testing::SeededEntropy,
    };

    fn meant(text: &str) -> &'static str {
        match SearchInput::by(text, &Profile::standard()) {
            SearchInput::Nothing => "Nothing",
            SearchInput::Key(_) => "Key",
            SearchInput::Request(_) => "Request",
            SearchInput::Secret(_) => "Secret",
            SearchInput::Words(_) => "Words",
        }
    }

    #[test]
    fn a_whole_key_is_found_in_what_is_around_it() {
        let entropy: &dyn Entropy = &SeededEntropy::new(1);
        let plain = PlainSecret::mint("sk_live_", entropy);
        let (key, pepper) = (plain.expose(), Pepper::new([1; 32]));
        let profile = Profile::standard();
        for text in [key.to_owned(), format!("  {key}\n"), format!("-H \"x-api-key: {key}\""), format!("KEY={key};")] {
            let SearchInput::Key(found) = SearchInput::by(&text, &profile) else { panic!("{text}") };
            assert_eq!(found.digest(&pepper), plain.digest(&pepper), "{text}");
        }
        for cut in [&key[..43], &key[..20], &format!("{key}x")] {
            assert_eq!(meant(cut), "Secret", "{cut}");
        }
        assert_eq!(meant(SigningSecret::mint(entropy).expose()), "Secret");
        let prefixes =
            [root_token::PREFIX, personal_token::PREFIX, personal_token::REFRESH_PREFIX, service_account::PREFIX];
        for prefix in prefixes {
            assert_eq!(meant(PlainSecret::mint(prefix, entropy).expose()), "Secret", "{prefix}");
        }
    }

    #[test]
    fn a_request_is_found_in_what_is_around_it() {
        let id = RequestId::mint(&SeededEntropy::new(1));
        for text in [id.to_string(), format!(" {id}\n"), format!("{{\"code\":\"expired\",\"request_id\":\"{id}\"}}")] {
            let SearchInput::Request(found) = SearchInput::by(&text, &Profile::standard()) else { panic!("{text}") };
            assert_eq!(found, id);
        }
        assert_eq!(meant(&format!("{id}4EXAMPLE7SECRET0000")), "Secret");
        let key = PlainSecret::mint("sk_live_", &SeededEntropy::new(1));
        assert_eq!(meant(&format!("{id} {}", key.expose())), "Key");
    }

    #[test]
    fn names_and_ids_are_no_secrets() {
        let ids = [
            OrgId::mint("Donaudampfschifffahrtsgesellschaft 1", &SeededEntropy::new(1)).to_string(),
            AppId::mint("Focus and calm", &SeededEntropy::new(1)).to_string(),
            KeyId::mint(&SeededEntropy::new(1)).to_string(),
        ];
        for text in ids.iter().map(String::as_str).chain(["focus", "sk_live_7Hq2…x9Ka", "sk_live_", "Büro 2", "%_"])
        {
            assert_eq!(meant(text), "Words", "{text}");
        }
        assert_eq!(meant("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"), "Secret");
        assert_eq!(meant("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), "Secret");
        assert_eq!(meant("nightly-export-eu-west-1-of-the-backend-2026"), "Words");
        assert_eq!(meant(" \n"), "Nothing");
    }
}
