//! Times and counts in words.

use leptos::prelude::*;
use sallyport::{Timestamp, key::Status};

use crate::components::{Html, When, put_when, written};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// "3 min ago"; a date after a month.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.since(at).as_secs() {
        0..MINUTE => "just now".to_owned(),
        seconds @ MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("{} h ago", seconds / HOUR),
        seconds if seconds < 2 * DAY => "yesterday".to_owned(),
        seconds if seconds < 30 * DAY => format!("{} days ago", seconds / DAY),
        _ => date(at, now),
    }
}

/// "in 5 h".
pub fn ahead(at: Timestamp, now: Timestamp) -> String {
    match at.since(now).as_secs() {
        0..MINUTE => "in less than a minute".to_owned(),
        seconds @ MINUTE..HOUR => format!("in {} min", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("in {} h", seconds / HOUR),
        seconds if seconds < 2 * DAY => "tomorrow".to_owned(),
        seconds if seconds < 60 * DAY => format!("in {} days", seconds / DAY),
        _ => date(at, now),
    }
}

/// "14 Nov", with the year if it is not the current one.
pub fn date(at: Timestamp, now: Timestamp) -> String {
    at.to_chrono().format(if is_this_year(at, now) { "%-d %b" } else { "%-d %b %Y" }).to_string()
}

/// "14 November 2026, 06:00 UTC".
pub fn utc(at: Timestamp) -> String {
    at.to_chrono().format("%-d %B %Y, %H:%M UTC").to_string()
}

/// "1 key", "7 keys", "1,204 keys".
pub fn count(n: impl TryInto<i64>, noun: &str) -> String {
    let n = n.try_into().unwrap_or(i64::MAX);
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", digits(n))
}

/// "1,204".
pub fn digits(n: impl TryInto<i64>) -> String {
    let digits = n.try_into().unwrap_or(i64::MAX).to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A past time in words, the full time on hover.
#[component]
pub fn Ago(at: Timestamp, now: Timestamp) -> impl IntoView {
    written(|html| put_ago(html, at, now))
}

pub fn put_ago(html: &mut Html, at: Timestamp, now: Timestamp) {
    let day = (now.since(at).as_secs() >= 30 * DAY).then(|| day(at, now));
    put_when(html, &at.to_rfc3339(), &ago(at, now), day);
}

/// A future time in words, the full time on hover.
#[component]
pub fn Ahead(at: Timestamp, now: Timestamp) -> impl IntoView {
    let day = (at.since(now).as_secs() >= 60 * DAY).then(|| day(at, now));
    view! { <When at=at.to_rfc3339() text=ahead(at, now) day/> }
}

/// A date, the full time on hover.
#[component]
pub fn OnDay(at: Timestamp, now: Timestamp) -> impl IntoView {
    view! { <When at=at.to_rfc3339() text=date(at, now) day=Some(day(at, now))/> }
}

/// The format of [`date`], for the island that rewrites it in the reader's time zone.
fn day(at: Timestamp, now: Timestamp) -> &'static str {
    if is_this_year(at, now) { "day" } else { "year" }
}

fn is_this_year(at: Timestamp, now: Timestamp) -> bool {
    chrono::Datelike::year(&at.to_chrono()) == chrono::Datelike::year(&now.to_chrono())
}

/// The message after pausing or resuming a key, depending on its status.
pub fn turned(paused: bool, status: Status) -> Option<&'static str> {
    match (paused, status) {
        (true, Status::Paused) => Some("Paused. Requests with this key are refused (403) until you resume it."),
        (true, Status::Suspended) => Some("Paused. It stays paused after the suspension ends, until you resume it."),
        (false, Status::Active | Status::Rotating) => Some("Resumed. The key works again."),
        (false, Status::Suspended) => Some("Resumed. It works again once the suspension ends."),
        _ => None,
    }
}

/// Why a key was refused: the code of a verdict (or one of a later version) in plain words.
pub fn refusal(code: &str) -> String {
    let words = match code {
        "malformed" => "the key was incomplete",
        "not_found" => "requested by another organization",
        "revoked" => "the key was revoked before",
        "rotated" => "the key has a new secret, and this one was ended",
        "expired" => "the key had expired",
        "paused" => "the key was paused",
        "suspended" => "its app or organization was archived or suspended",
        "ip_denied" => "its address may not use the key",
        "https_required" => "it came without https",
        "mode_mismatch" => "live and test mixed up",
        "app_mismatch" => "the key belongs to another app",
        "workspace_mismatch" => "the key belongs to another organization",
        "insufficient_scope" => "the key lacks a scope",
        "ingestion_not_verified" => "its app is not verified for ingestion",
        "rate_limited" => "too many requests",
        "signature_required" => "it was not signed",
        "bad_signature" => "its signature is wrong",
        "replayed" => "the same signed request came before",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    // 2026-11-22T06:00:00Z
    const NOW: Timestamp = Timestamp::from_seconds(1_795_327_200);

    #[test]
    fn moments_in_words() {
        for (seconds, expected) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 min ago"),
            (3 * HOUR + 5, "3 h ago"),
            (DAY, "yesterday"),
            (3 * DAY, "3 days ago"),
            (40 * DAY, "13 Oct"),
            (400 * DAY, "18 Oct 2025"),
        ] {
            assert_eq!(ago(NOW - Duration::from_secs(seconds), NOW), expected);
        }
        assert_eq!(ahead(NOW + Duration::from_secs(5 * HOUR), NOW), "in 5 h");
        assert_eq!(ahead(NOW + Duration::from_secs(30 * DAY), NOW), "in 30 days");
    }

    #[test]
    fn every_refusal_has_words() {
        for verdict in sallyport::key::Verdict::ALL {
            let words = refusal(verdict.code());
            assert!(
                !words.contains('_') && (words.contains(' ') || verdict.is_valid() || verdict.code() == "missing"),
                "{words}"
            );
        }
        assert_eq!(refusal("of_a_later_version"), "of a later version");
    }

    #[test]
    fn counts_in_words() {
        assert_eq!(count(0, "key"), "0 keys");
        assert_eq!(count(1, "key"), "1 key");
        assert_eq!(count(1_204_077, "key"), "1,204,077 keys");
    }
}
