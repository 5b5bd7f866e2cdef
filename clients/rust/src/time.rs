//! The machine's clock, where the caller gives no other time; and timestamps of signatures.

use std::time::{SystemTime, UNIX_EPOCH};

/// In seconds since 1970.
#[allow(clippy::disallowed_methods, reason = "the caller can give another time")]
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// In the one notation that a time has: no sign, no space, no leading zero.
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    let is_written = (1..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_written && !text.starts_with('0'))
}
