//! Sessions of signed-in people.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::{Entropy, Timestamp};

/// A session ends after this long without a request, and after [`LIFETIME`] in any case (ASVS 5.0, 7.3).
pub const IDLE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
pub const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The maximum number of sessions of a person; another one ends the oldest.
pub const MOST: i64 = 20;

/// The session token in the browser: 128 random bits, of which the database stores only the digest.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken([u8; 16]);

impl SessionToken {
    #[cfg(feature = "store")]
    pub(crate) fn mint(entropy: &dyn Entropy) -> Self {
        Self(entropy.array())
    }

    /// The token of these bytes.
    pub const fn of(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The value of the browser's cookie, before base64.
    pub const fn bytes(&self) -> [u8; 16] {
        self.0
    }

    /// The stored digest: SHA-256 over the bytes in reverse order, for compatibility with sessions of earlier
    /// versions.
    pub fn digest(&self) -> [u8; 32] {
        let mut bytes = self.0;
        bytes.reverse();
        Sha256::digest(bytes).into()
    }
}

/// A live session, as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    pub digest: [u8; 32],
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    /// Up to five minutes old.
    pub last_seen_at: Timestamp,
}

impl OpenSession {
    /// Its identifier on pages and in forms: a part of the digest, unique among the sessions of one person.
    pub fn handle(&self) -> String {
        self.digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// "Firefox on Windows".
    pub fn device(&self) -> String {
        device(self.user_agent.as_deref().unwrap_or_default())
    }
}

/// The browser and system of a user agent, as words: "Firefox on Windows". Names that several of them contain are checked last.
pub fn device(user_agent: &str) -> String {
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = find(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = find(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Macintosh", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "An unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{SessionToken, device};

    /// Sessions of earlier versions are still found: they last for a month.
    #[test]
    fn tokens_are_digested_as_ever() {
        let token = SessionToken::of([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let digest: String = token.digest().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "1f919296baf10802bb9783851d948bf3c048cebcf6bec518db898b2938fc2f20");
    }

    #[test]
    fn user_agents_in_words() {
        for (user_agent, words) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.5.0", "curl"),
            ("(not printable)", "An unknown browser"),
            ("", "An unknown browser"),
        ] {
            assert_eq!(device(user_agent), words);
        }
    }
}
