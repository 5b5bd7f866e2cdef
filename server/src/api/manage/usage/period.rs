//! The period of an answer, and the buckets it is divided into.

use std::time::Duration;

use sallyport::{Timestamp, usage::Span};
use serde::Deserialize;
use utoipa::{IntoParams, openapi::schema::Object};

use super::super::query::Parameters;
use crate::api::{
    problem::Problem,
    schema::{about, words},
};

/// The maximum number of buckets of an answer: a day of minutes, two months of hours, four years of days.
const MOST: i64 = 1_500;

/// The period and its buckets.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageParams {
    /// From this time on, rounded down to the beginning of a bucket. Without it: an hour of minutes, a day of hours, or 30
    /// days.
    #[param(format = DateTime, nullable = false)]
    from: Option<String>,
    /// Before this time, rounded up to the beginning of a bucket. Without it: now.
    #[param(format = DateTime, nullable = false)]
    to: Option<String>,
    #[param(schema_with = spans, required = false)]
    bucket: Option<String>,
}

impl Parameters for UsageParams {
    const FIELDS: &str = "The query takes from and to (RFC 3339) and bucket (minute, hour or day), each once.";
}

fn spans() -> Object {
    about("The length of a bucket; default `hour`. Days are in UTC.", words(Span::ALL.map(Span::as_str)))
}

/// A period with the bounds of its buckets.
#[derive(Debug, PartialEq, Eq)]
pub struct Period {
    pub span: Span,
    pub from: Timestamp,
    pub to: Timestamp,
}

impl UsageParams {
    pub fn period(&self, now: Timestamp) -> Result<Period, Problem> {
        let Some(span) = self.bucket.as_deref().map_or(Some(Span::Hour), Span::parse) else {
            return Err(Problem::bad_request("The bucket is minute, hour or day."));
        };
        let usual = match span {
            Span::Minute => Span::Hour.duration(),
            Span::Hour => Span::Day.duration(),
            Span::Day => Span::Day.duration() * 30,
        };
        let to = moment(self.to.as_deref())?.unwrap_or(now + Duration::from_micros(1));
        let from = moment(self.from.as_deref())?.unwrap_or(to - usual);
        if from >= to {
            return Err(Problem::bad_request("The period is empty: from has to be before to."));
        }
        let (from, to) = (span.start(from), span.end(to));
        let buckets = (to.seconds() - from.seconds()) / span.seconds();
        if buckets > MOST {
            let word = span.as_str();
            let longer = if span == Span::Day { "" } else { ", or a longer bucket" };
            return Err(Problem::bad_request(format!(
                "That period has {buckets} buckets of a {word}, and an answer has at most {MOST}. Ask for a shorter period{longer}."
            )));
        }
        Ok(Period { span, from, to })
    }
}

fn moment(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let moment = Timestamp::parse_rfc3339(text);
    let refused = || Problem::bad_request("Write from and to like 2027-01-31T12:00:00Z (RFC 3339).");
    moment.map(Some).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(from: Option<&str>, to: Option<&str>, bucket: Option<&str>) -> Option<(Span, String, String)> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let params = UsageParams { from: text(from), to: text(to), bucket: text(bucket) };
        let now = Timestamp::parse_rfc3339("2026-11-22T06:17:57Z").expect("a time");
        let period = params.period(now).ok()?;
        Some((period.span, period.from.to_rfc3339(), period.to.to_rfc3339()))
    }

    #[test]
    fn a_period_has_whole_buckets() {
        let told = |span, from: &str, to: &str| Some((span, from.to_owned(), to.to_owned()));
        let usual = told(Span::Hour, "2026-11-21T06:00:00Z", "2026-11-22T07:00:00Z");
        assert_eq!(period(None, None, None), usual);
        let minutes = told(Span::Minute, "2026-11-22T05:17:00Z", "2026-11-22T06:18:00Z");
        assert_eq!(period(None, None, Some("minute")), minutes);
        let (from, to) = (Some("2026-11-01T23:59:59+01:00"), Some("2026-11-03T00:00:00Z"));
        assert_eq!(period(from, to, Some("day")), told(Span::Day, "2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z"));
    }

    #[test]
    fn a_period_is_bounded() {
        let (from, to) = (Some("2026-11-01T00:00:00Z"), Some("2026-11-02T01:00:00Z"));
        assert!(period(from, to, Some("minute")).is_some(), "1,500");
        assert!(period(from, Some("2026-11-02T01:00:01Z"), Some("minute")).is_none());
        assert!(period(to, from, None).is_none() && period(from, from, None).is_none());
        assert!(period(Some("-200000-01-01T00:00:00Z"), Some("+200000-01-01T00:00:00Z"), Some("day")).is_none());
        for wrong in ["", "yesterday", "2026-11-01"] {
            assert!(period(Some(wrong), None, None).is_none() && period(None, Some(wrong), None).is_none());
        }
        assert!(period(None, None, Some("week")).is_none());
    }
}
