//! The lengths of time that are counted by.

use std::time::Duration;

use crate::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    Minute,
    Hour,
    /// In UTC.
    Day,
}

impl Span {
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Its length, which is also the stored value.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        }
    }

    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.seconds().unsigned_abs())
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|span| span.as_str() == word)
    }

    /// The beginning of the span that a moment is in.
    pub fn start(self, at: Timestamp) -> Timestamp {
        Timestamp::from_seconds(at.seconds().div_euclid(self.seconds()) * self.seconds())
    }

    /// The beginning of the first span that does not begin before a moment.
    pub fn end(self, at: Timestamp) -> Timestamp {
        let start = self.start(at);
        if start == at { at } else { start + self.duration() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_within_its_span() {
        let at = Timestamp::parse_rfc3339("2026-11-22T06:17:57Z").expect("a time");
        for (span, start, end) in [
            (Span::Minute, "2026-11-22T06:17:00Z", "2026-11-22T06:18:00Z"),
            (Span::Hour, "2026-11-22T06:00:00Z", "2026-11-22T07:00:00Z"),
            (Span::Day, "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
        ] {
            assert_eq!((span.start(at).to_rfc3339().as_str(), span.end(at).to_rfc3339().as_str()), (start, end));
            assert_eq!(span.end(span.start(at)), span.start(at));
            assert_eq!(Span::parse(span.as_str()), Some(span));
        }
    }
}
