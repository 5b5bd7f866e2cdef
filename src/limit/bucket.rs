//! The generic cell rate algorithm: one timestamp for each limit, exact to fractions of a nanosecond.

use std::{num::NonZeroU32, time::Duration};

use super::{Kind, Part, Policy, Rate};

/// A burst of this many requests, which refill one after the other within `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    requests: NonZeroU32,
    /// In nanoseconds.
    per: u64,
}

impl Limit {
    /// `None` for an invalid window: zero, or more than a year.
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

    /// The part of one of so many nodes: all of them together let through no more than this limit.
    #[must_use]
    pub fn of_one_in(self, nodes: NonZeroU32) -> Self {
        let requests = NonZeroU32::new(self.requests() / nodes).unwrap_or(NonZeroU32::MIN);
        let per = u128::from(self.per) * u128::from(requests.get()) * u128::from(nodes.get());
        let per = per.div_ceil(u128::from(self.requests()));
        Self { requests, per: u64::try_from(per).unwrap_or(u64::MAX / 4) }
    }
}

/// The time when the bucket will be full again: `nanos`, and `part` of another nanosecond, in as many parts as the
/// limit has requests. If the limit changes, the used share stays the same. (Packed: there is one for each key in
/// use.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C, packed(4))]
pub struct Bucket {
    nanos: u64,
    part: u32,
}

impl Bucket {
    /// Whether the bucket is full, so that its state can be dropped.
    pub fn is_full(self, elapsed: Duration) -> bool {
        (self.nanos, self.part) <= (nanos(elapsed), 0)
    }

    /// One of which nothing is left.
    pub fn used_up(limit: Limit, elapsed: Duration) -> Self {
        Self { nanos: nanos(elapsed).saturating_add(limit.per), part: 0 }
    }

    /// The state after a request, whether it passes, and what clients are told.
    pub fn charge(self, kind: Kind, limit: Limit, cost: NonZeroU32, elapsed: Duration) -> (Self, bool, Rate) {
        let part = self.judge(kind, limit, cost, elapsed);
        (part.after, part.passes, part.rate)
    }

    /// Takes one request, or returns how long until one is available.
    pub fn take(&mut self, limit: Limit, elapsed: Duration) -> Result<(), Duration> {
        let one = self.judge(Kind::Minute, limit, NonZeroU32::MIN, elapsed);
        *self = one.after;
        if one.passes { Ok(()) } else { Err(one.rate.retry_after.unwrap_or(limit.per())) }
    }

    /// Returns one request that was taken, up to a fraction of a nanosecond.
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

    /// The state now, in this limit's parts.
    fn since(self, now: u64, limit: Limit) -> Self {
        let nanos = self.nanos + u64::from(self.part / limit.requests());
        if nanos < now { Self { nanos: now, part: 0 } } else { Self { nanos, part: self.part % limit.requests() } }
    }

    /// With `cost` more requests, which must not exceed the limit.
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

/// Capped at 292 years, so that additions can't overflow.
fn nanos(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX / 2)
}
