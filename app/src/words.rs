//! Times and counts in words.

use leptos::prelude::*;
use sallyport::Timestamp;

use crate::components::When;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// "3 min ago"; a date from a month on.
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

/// "14 Nov", with the year where it is another one.
pub fn date(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.to_chrono(), now.to_chrono());
    let format = if chrono::Datelike::year(&at) == chrono::Datelike::year(&now) { "%-d %b" } else { "%-d %b %Y" };
    at.format(format).to_string()
}

/// "1 key", "7 keys", "1,204 keys".
pub fn count(n: i64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", digits(n))
}

/// "1,204".
pub fn digits(n: i64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A moment in words, the full one on hover.
#[component]
pub fn Ago(at: Timestamp, now: Timestamp) -> impl IntoView {
    view! { <When at=at.to_rfc3339() text=ago(at, now)/> }
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
    fn counts_in_words() {
        assert_eq!(count(0, "key"), "0 keys");
        assert_eq!(count(1, "key"), "1 key");
        assert_eq!(count(1_204_077, "key"), "1,204,077 keys");
    }
}
