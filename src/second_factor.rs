//! The second factor of a sign-in: codes of an authenticator app, passkeys, and recovery codes.

mod recovery;
mod totp;

use std::time::Duration;

pub use self::{
    recovery::{RECOVERY_CODES, RecoveryCode},
    totp::TotpSecret,
};
use crate::{Invalid, Timestamp, passkey::PasskeyUse};

/// How long a sign-in, or a confirmation of it, is fresh: what takes much away or gives much asks for another afterwards.
pub const FRESH: Duration = Duration::from_secs(10 * 60);

/// The second factors of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondFactors {
    /// When the authenticator app was set up.
    pub authenticator: Option<Timestamp>,
    /// How many passkeys there are, whatever host they are for.
    pub passkeys: i64,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
}

impl SecondFactors {
    /// Whether a sign-in needs one.
    pub fn are_on(&self) -> bool {
        self.authenticator.is_some() || self.passkeys > 0
    }
}

/// What a person typed as their second factor.
#[derive(Clone)]
pub enum TypedCode {
    /// Of the authenticator app: six digits.
    Authenticator(String),
    Recovery(RecoveryCode),
}

impl TypedCode {
    /// Recognizes it by its shape. Spaces and dashes do not matter.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let typed: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if typed.is_empty() {
            return Err(Invalid::field("code", "Enter the code of your authenticator app."));
        }
        if typed.len() == totp::DIGITS && typed.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Authenticator(typed));
        }
        RecoveryCode::parse(&typed).map(Self::Recovery).ok_or_else(|| {
            let message = "Enter the six digits that your authenticator app shows, or one of your recovery codes.";
            Invalid::field("code", message)
        })
    }
}

/// How a person who has a second factor showed it.
pub enum SecondProof {
    /// With a code, which the store checks and uses up.
    Code(TypedCode),
    /// With a passkey.
    Passkey(PasskeyUse),
    /// With the session in whose place a new one starts.
    Session,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::UserId, testing::SeededEntropy};
    use proptest::prelude::*;

    #[test]
    fn what_was_typed_is_recognized_by_its_shape() {
        for typed in ["287082", " 287 082 ", "287-082"] {
            assert!(
                matches!(TypedCode::parse(typed), Ok(TypedCode::Authenticator(code)) if code == "287082"),
                "{typed}"
            );
        }
        for typed in ["", " ", "28708", "2870822", "２８７０８２", "28708a", "abcd-efgh"] {
            assert!(TypedCode::parse(typed).is_err(), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn a_recovery_code_is_read_as_it_was_shown(seed: u64) {
            let entropy = SeededEntropy::new(seed);
            let (code, user) = (RecoveryCode::mint(&entropy), UserId::mint(&entropy));
            for typed in [code.text(), code.text().to_uppercase(), code.text().replace('-', " ")] {
                let Ok(TypedCode::Recovery(read)) = TypedCode::parse(&typed) else { panic!("{typed}") };
                prop_assert_eq!(read.digest(&user), code.digest(&user));
            }
        }

        #[test]
        fn any_text_is_answered(text in ".{0,80}") {
            let _ = TypedCode::parse(&text);
        }
    }
}
