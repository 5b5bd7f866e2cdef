//! The generic cell rate algorithm: one moment for each limit, exact to the part of a nanosecond.

use std::{num::NonZeroU32, time::Duration};

use super::{Kind, Part, Policy, Rate};

/// So many requests at once; all of them are back after `per`, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    requests: NonZeroU32,
    /// Nanoseconds.
    per: u64,
}

impl Limit {
    /// None where it makes no sense: over no time, or over more than a year.
    pub const fn new(requests: NonZeroU32, per: Duration) -> Option<Self> {
        if per.is_zero() || per.as_secs() > 366 * 86_400 {
            return None;
        }
        let per = per.as_secs() * 1_000_000_000 + per.subsec_nanos() as u64;
        Some(Self { requests, per })
    }

    pub const fn per_minute(requests: NonZeroU32) -> Self {
        Self { requests, per: 60_000_000_000 }
    }

    pub const fn requests(&self) -> u32 {
        self.requests.get()
    }

    pub const fn per(&self) -> Duration {
        Duration::from_nanos(self.per)
    }
}

/// When it is as if no request had come: `nanos`, and `part` of one more, in as many parts as the limit has requests.
/// A limit that changes meanwhile keeps what share of it is used up. (Packed: there is one for each key in use.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C, packed(4))]
pub struct Bucket {
    nanos: u64,
    part: u32,
}

impl Bucket {
    /// Whether nothing is used up any more, so that it can be forgotten.
    pub fn is_full(self, elapsed: Duration) -> bool {
        (self.nanos, self.part) <= (nanos(elapsed), 0)
    }

    /// Takes one request out, if it is there; else says how long until it is.
    pub fn take(&mut self, limit: Limit, elapsed: Duration) -> Result<(), Duration> {
        let one = self.judge(Kind::Minute, limit, NonZeroU32::MIN, elapsed);
        *self = one.after;
        if one.passes { Ok(()) } else { Err(one.rate.retry_after.unwrap_or(limit.per())) }
    }

    /// Puts one back that was taken for nothing, but for a part of a nanosecond.
    pub fn put_back(&mut self, limit: Limit) {
        self.nanos = self.nanos.saturating_sub(limit.per / u64::from(limit.requests()));
    }

    pub(super) fn judge(self, kind: Kind, limit: Limit, cost: NonZeroU32, elapsed: Duration) -> Part<Self> {
        let now = nanos(elapsed);
        let before = self.since(now, limit);
        let wanted = (cost <= limit.requests).then(|| before.plus(limit, cost));
        let allowed = wanted.filter(|wanted| (wanted.nanos - now, wanted.part) <= (limit.per, 0));
        let after = allowed.unwrap_or(before);
        let wait = |wanted: Self| Duration::from_nanos(wanted.rounded_up() - now - limit.per);
        let rate = Rate {
            policy: Policy { kind, requests: limit.requests().into(), window: limit.per() },
            remaining: after.remaining(limit, now),
            reset: Duration::from_nanos(after.rounded_up() - now),
            retry_after: if allowed.is_some() { None } else { wanted.map(wait) },
        };
        Part { after, rate, passes: allowed.is_some() }
    }

    /// As it is now, and in this limit's parts.
    fn since(self, now: u64, limit: Limit) -> Self {
        let nanos = self.nanos + u64::from(self.part / limit.requests());
        if nanos < now { Self { nanos: now, part: 0 } } else { Self { nanos, part: self.part % limit.requests() } }
    }

    /// With `cost` requests more, of which the limit has as many at least.
    fn plus(self, limit: Limit, cost: NonZeroU32) -> Self {
        let (requests, cost) = (u64::from(limit.requests()), u64::from(cost.get()));
        let parts = cost * (limit.per % requests) + u64::from(self.part);
        let nanos = self.nanos + cost * (limit.per / requests) + parts / requests;
        Self { nanos, part: (parts % requests) as u32 }
    }

    fn remaining(self, limit: Limit, now: u64) -> u64 {
        let (requests, per) = (u128::from(limit.requests()), u128::from(limit.per));
        let used = u128::from(self.nanos - now) * requests + u128::from(self.part);
        ((per * requests).saturating_sub(used) / per) as u64
    }

    fn rounded_up(self) -> u64 {
        self.nanos + u64::from(self.part > 0)
    }
}

/// 292 years of them, so that nothing that is added runs over.
fn nanos(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX / 2)
}
