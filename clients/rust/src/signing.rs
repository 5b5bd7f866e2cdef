//! Signed requests (docs/signatures.md): HMAC-SHA256 over the timestamp, directly followed by the body.

use std::fmt;

use ring::hmac;

use crate::time::{now, timestamp};

/// The header with the timestamp, unless the profile names another.
pub const TIMESTAMP_HEADER: &str = "x-sallyport-timestamp";
/// The header with the signature, unless the profile names another.
pub const SIGNATURE_HEADER: &str = "x-sallyport-signature";

/// How far a timestamp may be from the clock, in seconds.
const TOLERANCE: i64 = 300;

/// The signature of a request: as it is sent, or as it arrived (to be passed to `Client::verify` with the body).
#[derive(Clone, Copy)]
pub struct RequestSignature<'a> {
    /// What the timestamp's header says.
    pub timestamp: &'a str,
    /// What the signature's header says.
    pub signature: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

impl fmt::Debug for RequestSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestSignature({:?}, {} bytes)", self.timestamp, self.body.len())
    }
}

/// Why a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// Timestamp or signature is not written as it has to be.
    Malformed,
    /// It was made too long ago, or in the future.
    OutOfTime,
    /// It was made with another secret, timestamp or body.
    Wrong,
}

impl SignatureError {
    /// `malformed`, `out_of_time` or `wrong`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::OutOfTime => "out_of_time",
            Self::Wrong => "wrong",
        }
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The signature is refused: {}.", self.code())
    }
}

impl std::error::Error for SignatureError {}

/// Timestamp and signature of a request, for its two headers in addition to the key. Sign the bytes that are sent, and each
/// request by itself. `at` is in seconds since 1970; without it, the machine's clock is read.
pub fn sign_request(secret: &str, body: &[u8], at: Option<i64>) -> (String, String) {
    let timestamp = at.unwrap_or_else(now).to_string();
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
    context.update(timestamp.as_bytes());
    context.update(body);
    let signature = hex(context.sign().as_ref());
    (timestamp, signature)
}

/// Checks that one of the secrets made this signature at most five minutes from `at` (the machine's clock without it).
///
/// It does not know which signatures were used before: the portal does (`Client::verify`).
pub fn verify_request(
    secrets: &[&str],
    signature: &RequestSignature<'_>,
    at: Option<i64>,
) -> Result<(), SignatureError> {
    let signed_at = timestamp(signature.timestamp).ok_or(SignatureError::Malformed)?;
    let given = unhex(signature.signature).ok_or(SignatureError::Malformed)?;
    if at.unwrap_or_else(now).abs_diff(signed_at) > TOLERANCE.unsigned_abs() {
        return Err(SignatureError::OutOfTime);
    }
    let signed = [signature.timestamp.as_bytes(), signature.body].concat();
    // Without a secret, everybody could sign. The comparison takes the same time wherever they differ.
    let signs = |secret: &&&str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        !secret.is_empty() && hmac::verify(&key, &signed, &given).is_ok()
    };
    if secrets.iter().filter(signs).count() > 0 { Ok(()) } else { Err(SignatureError::Wrong) }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 64 digits of lower-case hex.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}
