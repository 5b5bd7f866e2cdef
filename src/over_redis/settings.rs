//! What an operator sets about Redis.

use std::{fmt, time::Duration};

use super::address::Address;

/// What is done with a signed request while Redis can't remember its signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutRedis {
    /// It is answered with 503.
    #[default]
    Refuse,
    /// This node remembers it alone: until Redis is back, it can be used once on each node.
    Local,
}

/// The settings, checked.
#[derive(Clone)]
pub struct RedisSettings {
    pub(super) address: Address,
    pub(super) prefix: String,
    pub(super) timeout: Duration,
    pub(super) signatures: WithoutRedis,
    /// Certificates in PEM of the only authorities that are trusted.
    pub(super) authorities: Option<Vec<u8>>,
}

/// The prefix of all keys in Redis.
pub const PREFIX: &str = "sallyport:";
/// A request that is not answered within this time is judged without Redis.
const TIMEOUT: Duration = Duration::from_millis(100);

impl RedisSettings {
    /// An error says how to correct the URL, and does not repeat it: it may contain a password.
    pub fn new(url: &str) -> Result<Self, String> {
        let address = Address::parse(url)?;
        let prefix = PREFIX.to_owned();
        Ok(Self { address, prefix, timeout: TIMEOUT, signatures: WithoutRedis::default(), authorities: None })
    }

    /// The prefix of all keys, so that several portals can share a Redis.
    pub fn with_prefix(self, prefix: &str) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.' | b'/');
        if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(is_plain) {
            return Err(
                "The prefix of keys in Redis has 1 to 64 letters, digits and : - _ . / such as sallyport:".to_owned()
            );
        }
        Ok(Self { prefix: prefix.to_owned(), ..self })
    }

    #[must_use]
    pub fn with_signatures(self, signatures: WithoutRedis) -> Self {
        Self { signatures, ..self }
    }

    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    #[must_use]
    pub fn with_authorities(self, pem: Vec<u8>) -> Self {
        Self { authorities: Some(pem), ..self }
    }

    /// Whether what is sent can be read on the way: another machine, without TLS.
    pub fn is_readable_on_the_way(&self) -> bool {
        !self.address.is_encrypted && !self.address.is_local()
    }
}

/// Without the password.
impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings").field("address", &self.address.to_string()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_plain() {
        let settings = RedisSettings::new("redis://localhost").expect("good");
        assert!(settings.clone().with_prefix("keys.eu:").is_ok());
        for wrong in ["", "a b", "{tag}", "*", &"a".repeat(65)] {
            assert!(settings.clone().with_prefix(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        let settings = RedisSettings::new("redis://ada:s3cret@localhost:1/2").expect("good");
        assert!(!format!("{settings:?}").contains("s3cret"), "{settings:?}");
    }
}
