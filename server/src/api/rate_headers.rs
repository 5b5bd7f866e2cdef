//! What headers tell of limits: the standard's own (draft-ietf-httpapi-ratelimit-headers), and those that the profile
//! names.

use std::fmt::Write;

use axum::http::{HeaderName, HeaderValue, header};
use sallyport::{limit::whole_seconds, profile::LimitHeaders};

use crate::verifier::{Charged, Judged};

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static RATE: HeaderName = HeaderName::from_static("ratelimit");

/// The profile's names, as headers are set by them.
#[derive(Clone, Debug, Default)]
pub struct Names {
    limit: Option<HeaderName>,
    remaining: Option<HeaderName>,
    reset: Option<HeaderName>,
    retry_after: Option<HeaderName>,
}

impl Names {
    /// What is no name of a header was refused with the profile.
    pub fn of(profile: &LimitHeaders) -> Self {
        let name = |name: &Option<String>| HeaderName::from_bytes(name.as_ref()?.as_bytes()).ok();
        Self {
            limit: name(&profile.limit),
            remaining: name(&profile.remaining),
            reset: name(&profile.reset),
            // It is sent anyway.
            retry_after: name(&profile.retry_after).filter(|name| name != header::RETRY_AFTER),
        }
    }

    /// The headers of an answer.
    pub fn headers(&self, judged: &Judged) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        if let Some(charged @ Charged { limits, rate, .. }) = &judged.charged {
            headers.reserve(8);
            let mut policies = String::with_capacity(64);
            for policy in limits.policies() {
                let comma = if policies.is_empty() { "" } else { ", " };
                let (kind, window) = (policy.kind.as_str(), policy.window.as_secs());
                let _ = write!(policies, "{comma}\"{kind}\";q={};w={window}", policy.requests);
            }
            // Beside `Retry-After`, the standard's time means the same moment.
            let time = rate.retry_after_seconds().unwrap_or_else(|| rate.reset_seconds());
            let (kind, left) = (rate.policy.kind.as_str(), rate.remaining);
            headers.extend([
                (POLICY.clone(), text(policies)),
                (RATE.clone(), text(format!("\"{kind}\";r={left};t={time}"))),
            ]);
            let reset = charged.resets_at();
            let own = [(&self.limit, rate.policy.requests), (&self.remaining, left), (&self.reset, reset)];
            headers.extend(own.into_iter().filter_map(|(name, value)| Some((name.clone()?, value.into()))));
        }
        if let Some(wait) = judged.retry_after.map(whole_seconds) {
            headers.push((header::RETRY_AFTER, wait.into()));
            headers.extend(self.retry_after.clone().map(|name| (name, wait.into())));
        }
        headers
    }
}

/// Digits and the names of limits, which any header may hold.
fn text(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use super::*;
    use sallyport::{
        Timestamp,
        key::Verdict,
        limit::{self, Day, DayCount, Limit, Limits, Now, State},
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

    /// As the limits say of a request when so many were taken before.
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
        let told = told(&Names::default(), &judged(limits(7, None), 7));
        let names: Vec<_> = told.iter().filter_map(|header| header.split(':').next()).collect();
        assert_eq!(names, ["ratelimit-policy", "ratelimit", "retry-after"]);
    }

    #[test]
    fn without_limits_nothing_is_told() {
        let judged = Judged { verdict: Verdict::Valid, key: None, charged: None, retry_after: None };
        assert_eq!(told(&names(), &judged), Vec::<String>::new());
    }
}
