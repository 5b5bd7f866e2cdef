//! The sign-ins of a person on this machine.

use std::{collections::BTreeMap, time::Duration};

use sallyport::Timestamp;
use serde::{Deserialize, Serialize};

use super::portal_url::PortalUrl;

/// Refreshed this long before it expires, so that it does not expire on its way.
const EARLY: Duration = Duration::from_secs(60);

/// The content of the file: the sign-ins by the address of their portal.
#[derive(Default, Deserialize, Serialize)]
pub struct Credentials {
    /// The portal of the last sign-in.
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    portals: BTreeMap<String, Tokens>,
}

/// Without `Debug`, as it would print them.
#[derive(Clone, Deserialize, Serialize)]
pub struct Tokens {
    pub access_token: String,
    /// Used once, for the next pair.
    pub refresh_token: Option<String>,
    /// RFC 3339; without it, the access token is used until it is refused.
    pub expires_at: Option<String>,
}

impl Tokens {
    /// Whether the access token can still be used.
    pub fn are_fresh(&self, now: Timestamp) -> bool {
        let expires_at = self.expires_at.as_deref().and_then(Timestamp::parse_rfc3339);
        expires_at.is_none_or(|at| now + EARLY < at)
    }
}

impl Credentials {
    /// The portal to call if none is named: that of the last sign-in, or the only one.
    pub fn default_portal(&self) -> Option<PortalUrl> {
        let only = || self.portals.keys().next().filter(|_| self.portals.len() == 1);
        let url = self.default.as_ref().filter(|url| self.portals.contains_key(*url)).or_else(only)?;
        PortalUrl::parse(url).ok()
    }

    pub fn of(&self, url: &PortalUrl) -> Option<&Tokens> {
        self.portals.get(&url.to_string())
    }

    /// Keeps a sign-in, which becomes the default; returns the earlier one at the same portal.
    pub fn sign_in(&mut self, url: &PortalUrl, tokens: Tokens) -> Option<Tokens> {
        self.default = Some(url.to_string());
        self.portals.insert(url.to_string(), tokens)
    }

    /// Replaces the tokens of a sign-in.
    pub fn refresh(&mut self, url: &PortalUrl, tokens: Tokens) {
        self.portals.insert(url.to_string(), tokens);
    }

    pub fn sign_out(&mut self, url: &PortalUrl) -> Option<Tokens> {
        let url = url.to_string();
        if self.default.as_ref() == Some(&url) {
            self.default = None;
        }
        self.portals.remove(&url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> PortalUrl {
        PortalUrl::parse(text).expect("an address")
    }

    fn tokens(access_token: &str) -> Tokens {
        let expires_at = Some("2026-11-27T10:00:00Z".to_owned());
        Tokens { access_token: access_token.to_owned(), refresh_token: None, expires_at }
    }

    #[test]
    fn the_last_sign_in_is_the_default() {
        let (first, second) = (url("https://a.example"), url("https://b.example"));
        let mut credentials = Credentials::default();
        assert_eq!(credentials.default_portal(), None);
        assert!(credentials.sign_in(&first, tokens("one")).is_none());
        credentials.sign_in(&second, tokens("two"));
        assert_eq!(credentials.default_portal(), Some(second.clone()));
        assert_eq!(credentials.of(&first).map(|tokens| &*tokens.access_token), Some("one"));
        credentials.refresh(&first, tokens("three"));
        assert_eq!(credentials.default_portal(), Some(second.clone()), "a refresh changes no default");
        assert_eq!(credentials.sign_in(&second, tokens("four")).map(|tokens| tokens.access_token), Some("two".into()));
        assert!(credentials.sign_out(&second).is_some() && credentials.sign_out(&second).is_none());
        assert_eq!(credentials.default_portal(), Some(first), "the only one that is left");
    }

    #[test]
    fn tokens_are_refreshed_a_minute_early() {
        let at = |time: &str| Timestamp::parse_rfc3339(time).expect("a time");
        assert!(tokens("one").are_fresh(at("2026-11-27T09:58:59Z")));
        assert!(!tokens("one").are_fresh(at("2026-11-27T09:59:00Z")));
        assert!(Tokens { expires_at: None, ..tokens("one") }.are_fresh(at("2026-11-27T11:00:00Z")));
    }
}
