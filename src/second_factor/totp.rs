//! Time-based one-time passwords (RFC 6238) as authenticator apps make them: SHA-1, six digits, steps of 30 seconds.

use data_encoding::BASE32_NOPAD;
use ring::hmac;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Entropy, Timestamp, key::secret::constant_time_eq};

/// Digits of a code.
pub(super) const DIGITS: usize = 6;
/// Length of a step in microseconds.
const STEP: i64 = 30 * 1_000_000;
/// How many steps a clock may be off, in both directions (RFC 6238, section 5.2).
const SKEW: i64 = 1;
/// 160 bits, as RFC 4226 recommends (section 4).
const SECRET: usize = 20;

/// The secret that an authenticator app shares.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TotpSecret([u8; SECRET]);

impl TotpSecret {
    pub fn mint(entropy: &dyn Entropy) -> Self {
        Self(entropy.array())
    }

    /// The secret with these bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a person types it into the app: base32.
    pub fn text(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// As the app reads it from a QR code (the key URI format of Google Authenticator, which all apps read).
    pub fn url(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (percent_encoded(issuer), percent_encoded(account));
        format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", self.text())
    }

    /// The step after `last` whose code this is: now, or beside now.
    pub fn step_of(&self, code: &str, now: Timestamp, last: Option<i64>) -> Option<i64> {
        let this = now.micros().div_euclid(STEP);
        let steps = (this - SKEW..=this + SKEW).filter(|step| last.is_none_or(|last| *step > last));
        // All are compared, so that the time does not tell which it was.
        steps.fold(None, |found, step| {
            let is_it = constant_time_eq(self.code(step).as_bytes(), code.as_bytes());
            if is_it { Some(step) } else { found }
        })
    }

    /// The secret that an app is told.
    #[cfg(any(test, feature = "testing"))]
    pub fn of_text(text: &str) -> Option<Self> {
        Self::of(&BASE32_NOPAD.decode(text.replace(' ', "").as_bytes()).ok()?)
    }

    /// The code at this time.
    #[cfg(any(test, feature = "testing"))]
    pub fn code_at(&self, now: Timestamp) -> String {
        self.code(now.micros().div_euclid(STEP))
    }

    /// The code of a step (RFC 4226, section 5.3).
    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let hash = hmac::sign(&key, &step.to_be_bytes());
        let hash = hash.as_ref();
        let at = usize::from(hash[hash.len() - 1] & 0xf);
        let number = u32::from_be_bytes(std::array::from_fn(|byte| hash[at + byte])) & 0x7fff_ffff;
        format!("{:0width$}", number % 10_u32.pow(6), width = DIGITS)
    }
}

/// With `%20` for a space, which some apps need.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;
    use proptest::prelude::*;

    /// RFC 6238, appendix B: its codes have eight digits, of which apps show the last six.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = TotpSecret::of(b"12345678901234567890").expect("20 bytes");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp::from_seconds(seconds);
            assert_eq!(secret.code_at(now), code, "{seconds}");
            assert_eq!(secret.step_of(code, now, None), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_for_one_step_before_and_after_and_once() {
        let secret = TotpSecret::of(b"12345678901234567890").expect("20 bytes");
        let at = |seconds: i64| Timestamp::from_seconds(1_111_111_110 + seconds);
        let code = secret.code_at(at(0));
        for (seconds, is_good) in [(-31, false), (-30, true), (-1, true), (0, true), (59, true), (60, false)] {
            assert_eq!(secret.step_of(&code, at(seconds), None).is_some(), is_good, "{seconds}");
        }
        let used = secret.step_of(&code, at(0), None);
        assert_eq!(secret.step_of(&code, at(0), used), None);
        let next = secret.code_at(at(30));
        assert!(secret.step_of(&next, at(0), used).is_some());
    }

    #[test]
    fn apps_read_the_address() {
        let secret = TotpSecret::of(b"12345678901234567890").expect("20 bytes");
        assert_eq!(
            secret.url("Focus Labs", "ada+x@example.com"),
            "otpauth://totp/Focus%20Labs:ada%2Bx%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Focus%20Labs"
        );
    }

    proptest! {
        #[test]
        fn a_code_has_six_digits(seed: u64, seconds in 0..4_000_000_000_i64) {
            let code = TotpSecret::mint(&SeededEntropy::new(seed)).code_at(Timestamp::from_seconds(seconds));
            prop_assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
