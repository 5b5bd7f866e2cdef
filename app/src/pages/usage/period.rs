//! The ranges of time that a page can show.

use std::time::Duration;

use sallyport::{Timestamp, usage::Span};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    Hour,
    #[default]
    Day,
    Week,
    Month,
    Year,
}

impl Period {
    pub const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// As a URL has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Year => "12mo",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.word() == word)
    }

    /// The text of its link.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Hour => "1 h",
            Self::Day => "24 h",
            Self::Week => "7 d",
            Self::Month => "30 d",
            Self::Year => "12 mo",
        }
    }

    /// In a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Hour => "the last hour",
            Self::Day => "the last 24 hours",
            Self::Week => "the last 7 days",
            Self::Month => "the last 30 days",
            Self::Year => "the last 12 months",
        }
    }

    /// The span that is read.
    pub const fn span(self) -> Span {
        match self {
            Self::Hour => Span::Minute,
            Self::Day | Self::Week => Span::Hour,
            Self::Month | Self::Year => Span::Day,
        }
    }

    /// How many spans make a bar of the chart, and how many bars there are.
    const fn bars(self) -> (u32, u32) {
        match self {
            Self::Hour => (1, 60),
            Self::Day => (1, 24),
            Self::Week => (3, 56),
            Self::Month => (1, 30),
            Self::Year => (7, 52),
        }
    }

    /// How many bars have a label in common: as many for each label.
    pub const fn label_every(self) -> usize {
        match self {
            Self::Hour => 10,
            Self::Day => 4,
            Self::Week => 8,
            Self::Month => 5,
            Self::Year => 13,
        }
    }

    /// The length of a bar.
    pub fn step(self) -> Duration {
        self.span().duration() * self.bars().0
    }

    /// When each bar begins, and when the last one ends: after the span that contains `now`.
    pub fn starts(self, now: Timestamp) -> (Vec<Timestamp>, Timestamp) {
        let end = self.span().start(now) + self.span().duration();
        let step = self.step();
        let starts = (1..=self.bars().1).rev().map(|n| end - step * n);
        (starts.collect(), end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bar_contains_the_current_time() {
        let now = Timestamp::parse_rfc3339("2026-11-22T06:17:57Z").expect("a time");
        for (period, first, end) in [
            (Period::Hour, "2026-11-22T05:18:00Z", "2026-11-22T06:18:00Z"),
            (Period::Day, "2026-11-21T07:00:00Z", "2026-11-22T07:00:00Z"),
            (Period::Week, "2026-11-15T07:00:00Z", "2026-11-22T07:00:00Z"),
            (Period::Month, "2026-10-24T00:00:00Z", "2026-11-23T00:00:00Z"),
            (Period::Year, "2025-11-24T00:00:00Z", "2026-11-23T00:00:00Z"),
        ] {
            let (starts, until) = period.starts(now);
            assert_eq!((starts[0].to_rfc3339().as_str(), until.to_rfc3339().as_str()), (first, end));
            assert!(starts.windows(2).all(|pair| pair[0] + period.step() == pair[1]));
            assert!(starts.len().is_multiple_of(period.label_every()));
            assert_eq!(Period::parse(period.word()), Some(period));
        }
        assert_eq!(Period::parse("24 h"), None);
    }
}
