//! Why nothing can be said about a key.

use std::fmt;

/// The result is not known: refuse your client, with 503 for example. It repeats neither the key nor the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationError {
    /// What went wrong.
    pub kind: VerificationErrorKind,
    /// The status of the portal's answer, if there was one.
    pub status: Option<u16>,
    /// After how many seconds the portal wants to be asked again, if it said so.
    pub retry_after: Option<u32>,
    pub(super) detail: String,
}

/// The kinds of [`VerificationError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerificationErrorKind {
    /// No connection, or none that lasted until the answer.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The portal can't verify keys at the moment (5xx, 429).
    Unavailable,
    /// The root token is unknown, or may not verify (401, 403).
    TokenRefused,
    /// The portal did not understand the request (other 4xx).
    RequestRefused,
    /// It is not the answer of a portal: a redirect, for example, or no JSON.
    UnexpectedAnswer,
}

impl VerificationErrorKind {
    /// The name that all clients use, such as `timed_out`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Unavailable => "unavailable",
            Self::TokenRefused => "token_refused",
            Self::RequestRefused => "request_refused",
            Self::UnexpectedAnswer => "unexpected_answer",
        }
    }
}

impl VerificationError {
    pub(super) fn new(kind: VerificationErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, status: None, retry_after: None, detail: detail.into() }
    }

    pub(super) fn unexpected(detail: impl Into<String>) -> Self {
        Self::new(VerificationErrorKind::UnexpectedAnswer, detail)
    }
}

impl fmt::Display for VerificationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            VerificationErrorKind::Unreachable => "The portal could not be reached",
            VerificationErrorKind::TimedOut => "The portal did not answer in time",
            VerificationErrorKind::Unavailable => "The portal can't verify keys at the moment",
            VerificationErrorKind::TokenRefused => "The portal refused the root token",
            VerificationErrorKind::RequestRefused => "The portal did not understand the request",
            VerificationErrorKind::UnexpectedAnswer => "The answer is not one of a portal",
        })?;
        if self.detail.is_empty() { f.write_str(".") } else { write!(f, ": {}.", self.detail) }
    }
}

impl std::error::Error for VerificationError {}
