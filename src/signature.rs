//! Signed requests: a server signs its requests with the signing secret, so that a key alone is not enough.
//!
//! The signature covers the timestamp as written, followed by the body as sent; it is HMAC-SHA256 (RFC 2104) with the
//! text of the secret, in lower-case hex. `docs/signatures.md` is the specification, with test vectors.

use std::{fmt, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{Timestamp, key::SigningSecret};

/// The maximum difference between a timestamp and our clock, in either direction.
pub const WINDOW: Duration = Duration::from_secs(300);

/// Seconds since 1970 have ten digits from 2001 to 2286. All timestamps within a window have the same length, so that
/// no digit can move from the timestamp into the body.
const MOST_DIGITS: usize = 11;

/// The signature of a request and what it covers.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    pub timestamp: &'a str,
    pub signature: &'a str,
    pub body: &'a [u8],
}

/// The body is the caller's data, and the signature is as sensitive as the request until it expires.
impl fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { timestamp, body, .. } = self;
        write!(f, "Signed({timestamp:?}, {} bytes)", body.len())
    }
}

/// A valid signature: what has to be remembered so that it is accepted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    pub signed_at: Timestamp,
    pub signature: [u8; 32],
}

impl Proof {
    /// When its timestamp expires.
    pub fn ends(&self) -> Timestamp {
        self.signed_at + WINDOW
    }
}

/// The result of checking a signature. `ahead` is by how many seconds the signer's clock is ahead of ours: negative
/// for a slow clock, or for a slow request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    Good(Proof),
    /// Made for another body, timestamp or secret.
    Wrong {
        ahead: i64,
    },
    /// Signed too long ago, or in the future.
    OutOfTime {
        ahead: i64,
    },
    /// Malformed; explains the expected format.
    Malformed(&'static str),
}

impl Signed<'_> {
    /// Checks whether one of the secrets made this signature at about the current time.
    pub fn check<'a>(&self, secrets: impl IntoIterator<Item = &'a SigningSecret>, now: Timestamp) -> Checked {
        let Some(signed_at) = timestamp(self.timestamp) else {
            return Checked::Malformed("The timestamp is written as seconds since 1970, in digits only.");
        };
        let Some(signature) = signature(self.signature) else {
            return Checked::Malformed("The signature is written as 64 digits of lower-case hex.");
        };
        let ahead = ahead(signed_at, now);
        if signed_at.since(now) > WINDOW || now.since(signed_at) > WINDOW {
            return Checked::OutOfTime { ahead };
        }
        let signs = |secret: &SigningSecret| {
            let mac = hmac(secret.expose().as_bytes(), self.timestamp, self.body);
            // Compares in constant time.
            mac.verify_slice(&signature).is_ok()
        };
        if secrets.into_iter().any(signs) {
            Checked::Good(Proof { signed_at, signature })
        } else {
            Checked::Wrong { ahead }
        }
    }
}

/// Reads the body in place.
fn hmac(secret: &[u8], timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(timestamp.as_bytes());
    mac.update(body);
    mac
}

/// A unique notation for each time: no sign, no space, no leading zero.
fn timestamp(text: &str) -> Option<Timestamp> {
    let written = (1..=MOST_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !written || text.starts_with('0') {
        return None;
    }
    text.parse().ok().map(Timestamp::from_seconds)
}

/// A unique notation for each signature: upper case would allow a replay.
fn signature(text: &str) -> Option<[u8; 32]> {
    fn digit(byte: u8) -> Option<u8> {
        match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        }
    }
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// In whole seconds, rounded away from zero, so that a value just outside the window is not shown as within.
fn ahead(signed_at: Timestamp, now: Timestamp) -> i64 {
    let micros = i128::from(signed_at.micros()) - i128::from(now.micros());
    let seconds = micros.abs().div_euclid(1_000_000) + i128::from(micros % 1_000_000 != 0);
    i64::try_from(seconds * micros.signum()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
