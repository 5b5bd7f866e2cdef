//! Rate limit headers, with the names in the profile.

use axum::http::{HeaderName, HeaderValue};
use sallyport::{
    profile::LimitHeaders,
    verifier::{
        Judged,
        rate::{RateHeader, RateValue},
    },
};

/// The header names, in the order of [`RateHeader::ALL`].
#[derive(Clone, Debug)]
pub struct Names([Option<HeaderName>; RateHeader::ALL.len()]);

impl Names {
    /// Invalid header names were refused with the profile.
    pub fn of(profile: &LimitHeaders) -> Self {
        Self(RateHeader::ALL.map(|header| match header.standard() {
            Some(name) => Some(HeaderName::from_static(name)),
            None => HeaderName::from_bytes(header.name(profile)?.as_bytes()).ok(),
        }))
    }

    /// The headers of a response.
    pub fn headers(&self, judged: &Judged) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::with_capacity(if judged.charged.is_some() { 8 } else { 0 });
        headers.extend(
            judged.rate_headers().filter_map(|(header, held)| Some((self.0[header as usize].clone()?, value(held)))),
        );
        headers
    }
}

fn value(value: RateValue) -> HeaderValue {
    match value {
        RateValue::Text(text) => HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("")),
        RateValue::Number(number) => number.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use super::*;
    use sallyport::{
        Timestamp,
        key::Verdict,
        limit::{self, Day, DayCount, Limit, Limits, Now, State},
        verifier::Charged,
    };

    const NOON: Timestamp = Timestamp::from_micros(1_795_348_800_250_000);

    fn names() -> Names {
        let name = |name: &str| Some(format!("X-RateLimit-{name}"));
        Names::of(&LimitHeaders {
            limit: name("Limit"),
            remaining: name("Remaining"),
            reset: name("Reset"),
            retry_after: name("RetryAfter"),
        })
    }

    fn limits(minute: u32, day: Option<u64>) -> Limits {
        Limits { minute: NonZeroU32::new(minute).map(Limit::per_minute), day, path: None }
    }

    /// The result for a request after that many others.
    fn judged(limits: Limits, before: u32) -> Judged {
        let now = Now { elapsed: Duration::from_secs(9), at: NOON };
        let mut state = State { day: Some(DayCount::none_on(Day::of(NOON))), ..State::default() };
        let mut last = None;
        for _ in 0..=before {
            last = match limit::judge(state, &limits, NonZeroU32::MIN, now) {
                limit::Judged::Passed(after, rate) => {
                    state = after;
                    Some(rate)
                }
                limit::Judged::Refused(rate) => Some(rate),
                other => panic!("{other:?}"),
            };
        }
        let rate = last.expect("one at least");
        let verdict = if rate.retry_after.is_some() { Verdict::RateLimited } else { Verdict::Valid };
        Judged { verdict, key: None, charged: Some(Charged { limits, rate, at: NOON }), retry_after: rate.retry_after }
    }

    fn told(names: &Names, judged: &Judged) -> Vec<String> {
        let headers = names.headers(judged);
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect()
    }

    #[test]
    fn what_passes_is_told_how_much_is_left() {
        assert_eq!(
            told(&names(), &judged(limits(600, Some(10_000)), 5)),
            [
                "ratelimit-policy: \"minute\";q=600;w=60, \"day\";q=10000;w=86400",
                "ratelimit: \"minute\";r=594;t=1",
                "x-ratelimit-limit: 600",
                "x-ratelimit-remaining: 594",
                // 12:00:00.25, and six tenths of a second.
                "x-ratelimit-reset: 1795348801",
            ]
        );
    }

    #[test]
    fn what_is_refused_is_told_how_long_to_wait() {
        assert_eq!(
            told(&names(), &judged(limits(7, None), 7)),
            [
                "ratelimit-policy: \"minute\";q=7;w=60",
                "ratelimit: \"minute\";r=0;t=9",
                "x-ratelimit-limit: 7",
                "x-ratelimit-remaining: 0",
                "x-ratelimit-reset: 1795348861",
                "retry-after: 9",
                "x-ratelimit-retryafter: 9",
            ]
        );
        let day = told(&names(), &judged(limits(60, Some(3)), 3));
        assert_eq!(day[1], "ratelimit: \"day\";r=0;t=43200");
        assert_eq!(day[4], "x-ratelimit-reset: 1795392000", "midnight");
        assert_eq!(day[5], "retry-after: 43200");
    }

    #[test]
    fn only_the_standard_is_told_where_the_profile_names_nothing() {
        let told = told(&Names::of(&LimitHeaders::default()), &judged(limits(7, None), 7));
        let names: Vec<_> = told.iter().filter_map(|header| header.split(':').next()).collect();
        assert_eq!(names, ["ratelimit-policy", "ratelimit", "retry-after"]);
    }

    #[test]
    fn without_limits_nothing_is_told() {
        let judged = Judged { verdict: Verdict::Valid, key: None, charged: None, retry_after: None };
        assert_eq!(told(&names(), &judged), Vec::<String>::new());
    }
}
