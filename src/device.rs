//! The device authorization grant (RFC 8628): a command line signs in, approved by a person in a browser.

use std::{fmt, time::Duration};

use crate::{
    Entropy, Timestamp,
    key::secret::{Checked, PlainSecret},
    personal_token::TokenScopes,
};

/// The prefix of device codes, with which a command line asks whether it was approved.
pub const PREFIX: &str = "sp_dev_";

/// How long the codes are valid.
pub const VALID: Duration = Duration::from_secs(10 * 60);

/// The time between two questions of a command line.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// The most requests that wait at once in the portal, all clients together.
pub const MOST: i64 = 5_000;

/// Letters without vowels, so that no words appear, and without Y, which is close to V (RFC 8628, section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

const LENGTH: usize = 8;

/// Creates the text of a new device code.
pub fn mint(entropy: &dyn Entropy) -> PlainSecret {
    PlainSecret::mint(PREFIX, entropy)
}

/// Parses a device code by its form and checksum.
pub fn parse(text: &str) -> Option<Checked<'_>> {
    Checked::parse(PREFIX, text)
}

/// The code that a person types: `WDJB-MJHT`.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode([u8; LENGTH]);

impl UserCode {
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut code = [0; LENGTH];
        let mut filled = 0;
        while filled < LENGTH {
            // 240 is a multiple of 20: each letter is as likely as any other.
            for byte in entropy.array::<16>().into_iter().filter(|byte| *byte < 240) {
                if filled < LENGTH {
                    code[filled] = LETTERS[usize::from(byte) % LETTERS.len()];
                    filled += 1;
                }
            }
        }
        Self(code)
    }

    /// Parses what was typed: case, spaces and dashes do not matter.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > 40 {
            return None;
        }
        let letters = typed.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-');
        let letters: Vec<u8> = letters.map(|byte| byte.to_ascii_uppercase()).collect();
        let code: [u8; LENGTH] = letters.try_into().ok()?;
        code.iter().all(|letter| LETTERS.contains(letter)).then_some(Self(code))
    }

    #[cfg(feature = "store")]
    pub(crate) fn letters(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = std::str::from_utf8(&self.0).unwrap_or_default();
        write!(f, "{}-{}", &text[..LENGTH / 2], &text[LENGTH / 2..])
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(…)")
    }
}

/// A command line that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// What it says of itself: "sallyport 0.1.0 on laptop".
    pub name: String,
    pub address: Option<String>,
    pub scopes: TokenScopes,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What a command line gets when it begins to sign in.
#[derive(Debug)]
pub struct DeviceCodes {
    pub device_code: PlainSecret,
    pub user_code: UserCode,
}

/// The tokens of a command line that is signed in.
#[derive(Debug)]
pub struct SignInTokens {
    pub access: PlainSecret,
    pub refresh: PlainSecret,
    pub scopes: TokenScopes,
}

/// The answer to a command line that asks whether it was approved.
#[derive(Debug)]
pub enum DeviceAnswer {
    Pending,
    /// It asks too often; the interval is now five seconds longer.
    SlowDown,
    Denied,
    Expired,
    /// The code is unknown or was used.
    Invalid,
    Approved(SignInTokens),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_typed_in_any_way() {
        let code = UserCode::parse("WDJB-MJHT").expect("good");
        assert_eq!(code.to_string(), "WDJB-MJHT");
        for typed in ["wdjbmjht", " WDJB MJHT ", "w-d-j-b-m-j-h-t"] {
            assert_eq!(UserCode::parse(typed), Some(code.clone()), "{typed:?}");
        }
        for wrong in ["", "WDJB-MJH", "WDJB-MJHTT", "WDJA-MJHT", "WDJY-MJHT", "WDJ1-MJHT", "ＷDJB-MJHT"] {
            assert_eq!(UserCode::parse(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn a_code_is_read_as_it_is_shown(seed: u64) {
            let code = UserCode::mint(&SeededEntropy::new(seed));
            prop_assert_eq!(UserCode::parse(&code.to_string()), Some(code));
        }

        #[test]
        fn junk_never_panics(text in ".*") {
            let _ = UserCode::parse(&text);
        }
    }
}
