//! The credential of a request: `Authorization: Bearer`.

use axum::http::{HeaderMap, HeaderName, header};

/// Why the credential is unclear.
#[derive(Debug, PartialEq, Eq)]
pub enum Unclear {
    Several,
    /// This header contains bytes that are not text.
    Unreadable(HeaderName),
}

/// The credential of `Authorization: Bearer`. Several such headers are ambiguous, and refused.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Unclear> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Unclear::Several);
    }
    let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let value = value.to_str().map_err(|_| Unclear::Unreadable(header::AUTHORIZATION))?;
    Ok(Some(value.split_once(' ').map_or("", |(_, credential)| credential.trim())))
}
