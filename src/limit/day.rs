//! Daily quotas: counts that restart at midnight UTC.

use std::{num::NonZeroU32, time::Duration};

use super::{Kind, Part, Policy, Rate};
use crate::Timestamp;

pub(super) const LENGTH: Duration = Duration::from_secs(86_400);
const MICROS: i64 = 86_400_000_000;

/// Days since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i32);

impl Day {
    pub fn of(at: Timestamp) -> Self {
        // 300,000 years of microseconds fit into an i32 of days.
        Self(at.micros().div_euclid(MICROS) as i32)
    }

    pub const fn number(self) -> i64 {
        self.0 as i64
    }

    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The time until its end.
    fn left(self, now: Timestamp) -> Duration {
        let end = (self.number() + 1).saturating_mul(MICROS);
        Timestamp::from_micros(end).since(now)
    }
}

/// The used part of a day's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    pub day: Day,
    pub requests: u64,
}

/// The stored count of a key and a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredDay {
    /// Of all nodes together.
    pub requests: u64,
    /// Of this node.
    pub own: u64,
}

impl DayCount {
    pub const fn none_on(day: Day) -> Self {
        Self { day, requests: 0 }
    }

    /// The count of today, if it is known. A clock that was set back over midnight must not refill the previous day,
    /// so the later day continues; a day long before is unknown.
    pub(super) fn on(self, today: Day) -> Option<Self> {
        if self.day < today {
            Some(Self::none_on(today))
        } else if self.day.before() <= today {
            Some(self)
        } else {
            None
        }
    }

    pub(super) fn judge(self, quota: u64, cost: NonZeroU32, now: Timestamp) -> Part<Self> {
        let cost = u64::from(cost.get());
        let wanted = self.requests.saturating_add(cost);
        let passes = wanted <= quota;
        let after = if passes { Self { requests: wanted, ..self } } else { self };
        let left = self.day.left(now);
        let rate = Rate {
            policy: Policy { kind: Kind::Day, requests: quota, window: LENGTH },
            remaining: quota.saturating_sub(after.requests),
            reset: if after.requests == 0 { Duration::ZERO } else { left },
            retry_after: (!passes && cost <= quota).then_some(left),
        };
        Part { after, rate, passes }
    }
}
