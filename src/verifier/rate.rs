//! Rate limit headers: those of the standard (draft-ietf-httpapi-ratelimit-headers), and those that the profile
//! names.

use std::fmt::Write;

use super::{Charged, Judged};
use crate::{limit::whole_seconds, profile::LimitHeaders};

/// A rate limit header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateHeader {
    /// Of the standard: the limits that apply.
    Policy,
    /// Of the standard: the state of the limit that is closest to its end.
    Rate,
    /// Of the profile: requests, requests left, and when all are available again in seconds since 1970.
    Limit,
    Remaining,
    Reset,
    /// Seconds to wait, under the standard's name and the profile's.
    RetryAfter,
    OwnRetryAfter,
}

/// The value of such a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RateValue {
    /// Digits and the names of limits, valid in any header.
    Text(String),
    Number(u64),
}

impl RateHeader {
    pub const ALL: [Self; 7] =
        [Self::Policy, Self::Rate, Self::Limit, Self::Remaining, Self::Reset, Self::RetryAfter, Self::OwnRetryAfter];

    /// The standard's name, in lower case.
    pub const fn standard(self) -> Option<&'static str> {
        match self {
            Self::Policy => Some("ratelimit-policy"),
            Self::Rate => Some("ratelimit"),
            Self::RetryAfter => Some("retry-after"),
            Self::Limit | Self::Remaining | Self::Reset | Self::OwnRetryAfter => None,
        }
    }

    /// Its name, unless the profile disables it.
    pub fn name(self, profile: &LimitHeaders) -> Option<&str> {
        match self {
            Self::Policy | Self::Rate | Self::RetryAfter => self.standard(),
            Self::Limit => profile.limit.as_deref(),
            Self::Remaining => profile.remaining.as_deref(),
            Self::Reset => profile.reset.as_deref(),
            // `Retry-After` is sent anyway.
            Self::OwnRetryAfter => {
                let standard = Self::RetryAfter.standard();
                profile.retry_after.as_deref().filter(|name| !standard.is_some_and(|it| it.eq_ignore_ascii_case(name)))
            }
        }
    }
}

impl Judged {
    /// The headers in the order of [`RateHeader::ALL`].
    pub fn rate_headers(&self) -> impl Iterator<Item = (RateHeader, RateValue)> {
        let wait = self.retry_after.map(whole_seconds);
        let waits = wait.map(|wait| {
            [RateHeader::RetryAfter, RateHeader::OwnRetryAfter].map(|header| (header, RateValue::Number(wait)))
        });
        self.charged.map(|charged| charged.headers()).into_iter().flatten().chain(waits.into_iter().flatten())
    }
}

impl Charged {
    fn headers(&self) -> [(RateHeader, RateValue); 5] {
        let Self { limits, rate, .. } = self;
        let mut policies = String::with_capacity(64);
        for policy in limits.policies() {
            let comma = if policies.is_empty() { "" } else { ", " };
            let (kind, window) = (policy.kind.as_str(), policy.window.as_secs());
            let _ = write!(policies, "{comma}\"{kind}\";q={};w={window}", policy.requests);
        }
        // With `Retry-After`, the standard's time refers to the same moment.
        let time = rate.retry_after_seconds().unwrap_or_else(|| rate.reset_seconds());
        let (kind, left) = (rate.policy.kind.as_str(), rate.remaining);
        [
            (RateHeader::Policy, RateValue::Text(policies)),
            (RateHeader::Rate, RateValue::Text(format!("\"{kind}\";r={left};t={time}"))),
            (RateHeader::Limit, RateValue::Number(rate.policy.requests)),
            (RateHeader::Remaining, RateValue::Number(left)),
            (RateHeader::Reset, RateValue::Number(self.resets_at())),
        ]
    }
}
