//! Rate limits of keys: burst and per minute, per path, and per day. Pure functions of a given state: a request is
//! charged to every limit that applies, or to none.

mod applied;
mod bucket;
mod day;

use std::{num::NonZeroU32, time::Duration};

use crate::Timestamp;

pub use bucket::{Bucket, Limit};
pub use day::{Day, DayCount, StoredDay};

/// The limits of one request; `None` means unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of the key, from its highest scope and its plan.
    pub minute: Option<Limit>,
    /// Of a path pattern, with its index in the profile.
    pub path: Option<(u16, Limit)>,
    /// Requests in a UTC day.
    pub day: Option<u64>,
}

impl Limits {
    /// Those that count by time, with their kind.
    pub fn by_time(&self) -> impl Iterator<Item = (Kind, u32, Limit)> {
        let minute = self.minute.map(|limit| (Kind::Minute, 0, limit));
        let path = self.path.map(|(place, limit)| (Kind::Path, u32::from(place) + 1, limit));
        [minute, path].into_iter().flatten()
    }

    /// Those of one of so many nodes. Days are counted for all nodes in the database.
    #[must_use]
    pub fn of_one_in(self, nodes: NonZeroU32) -> Self {
        let part = |limit: Limit| limit.of_one_in(nodes);
        Self {
            minute: self.minute.map(part),
            path: self.path.map(|(place, limit)| (place, part(limit))),
            day: self.day,
        }
    }

    pub const fn is_unlimited(&self) -> bool {
        self.minute.is_none() && self.path.is_none() && self.day.is_none()
    }

    /// Each limit that applies, for the response headers.
    pub fn policies(&self) -> impl Iterator<Item = Policy> {
        let of = |kind| move |limit: Limit| Policy { kind, requests: limit.requests().into(), window: limit.per() };
        let path = self.path.map(|(_, limit)| limit);
        let day = self.day.map(|requests| Policy { kind: Kind::Day, requests, window: day::LENGTH });
        [self.minute.map(of(Kind::Minute)), path.map(of(Kind::Path)), day].into_iter().flatten()
    }
}

/// The kind of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Minute,
    Path,
    Day,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Path => "path",
            Self::Day => "day",
        }
    }
}

/// A number of requests in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub kind: Kind,
    pub requests: u64,
    pub window: Duration,
}

/// Both clocks: buckets refill by a monotonic clock, days start by the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub elapsed: Duration,
    pub at: Timestamp,
}

/// Used-up quota: of the key, on the requested path, and of the day if that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub minute: Bucket,
    pub path: Bucket,
    pub day: Option<DayCount>,
}

/// The state of the limit that will refuse this key first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub policy: Policy,
    /// Requests that would pass now.
    pub remaining: u64,
    /// The time until all of them would pass.
    pub reset: Duration,
    /// Only after a refusal: the time until this request would pass, or `None` if it costs more than the limit can
    /// hold.
    pub retry_after: Option<Duration>,
}

impl Rate {
    /// Whole seconds after which the request passes.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(whole_seconds)
    }

    pub fn reset_seconds(&self) -> u64 {
        whole_seconds(self.reset)
    }
}

/// Rounded up, so that waiting this long is sufficient.
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    Unlimited,
    /// The state after charging the request.
    Passed(State, Rate),
    /// Nothing was charged.
    Refused(Rate),
    /// There is a limit per day, and its count has not been read yet: no decision is possible.
    Unread(Day),
}

/// The result for a single limit.
struct Part<S> {
    after: S,
    rate: Rate,
    passes: bool,
}

/// Checks a request against all its limits. A caller that only wants to look keeps the old state.
pub fn judge(state: State, limits: &Limits, cost: NonZeroU32, now: Now) -> Judged {
    let mut after = state;
    let mut judged: [Option<(bool, Rate)>; 3] = [None; 3];
    if let Some(limit) = limits.minute {
        let part = state.minute.judge(Kind::Minute, limit, cost, now.elapsed);
        after.minute = part.after;
        judged[0] = Some((part.passes, part.rate));
    }
    if let Some((_, limit)) = limits.path {
        let part = state.path.judge(Kind::Path, limit, cost, now.elapsed);
        after.path = part.after;
        judged[1] = Some((part.passes, part.rate));
    }
    if let Some(requests) = limits.day {
        let today = Day::of(now.at);
        let Some(count) = state.day.and_then(|count| count.on(today)) else { return Judged::Unread(today) };
        let part = count.judge(requests, cost, now.at);
        after.day = Some(part.after);
        judged[2] = Some((part.passes, part.rate));
    }
    match tightest(judged.into_iter().flatten()) {
        None => Judged::Unlimited,
        Some((true, rate)) => Judged::Passed(after, rate),
        Some((false, rate)) => Judged::Refused(rate),
    }
}

/// Of several limits, whether all let a request pass, and the one that clients are told about.
pub fn tightest(judged: impl IntoIterator<Item = (bool, Rate)>) -> Option<(bool, Rate)> {
    judged
        .into_iter()
        .reduce(|first, next| if is_tighter((next.0, &next.1), (first.0, &first.1)) { next } else { first })
}

/// Of the limits that refuse, the one that does so longest; else the one with the least left.
fn is_tighter(one: (bool, &Rate), other: (bool, &Rate)) -> bool {
    match (one, other) {
        ((false, one), (false, other)) => wait(one) > wait(other),
        ((passes, one), (other_passes, other)) if passes == other_passes => {
            (one.remaining, other.reset) < (other.remaining, one.reset)
        }
        ((passes, _), _) => !passes,
    }
}

fn wait(rate: &Rate) -> Duration {
    rate.retry_after.unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests;
