//! How many requests a key has: at once and by the minute, on some paths, and by the day. Pure arithmetic on a state that
//! is handed in: a request is charged to every limit that applies to it, or to none.

mod applied;
mod bucket;
mod day;

use std::{num::NonZeroU32, time::Duration};

use crate::Timestamp;

pub use bucket::{Bucket, Limit};
pub use day::{Day, DayCount, StoredDay};

/// The limits of one request. One that is left out does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of the key, by its class and its plan.
    pub minute: Option<Limit>,
    /// Of a path pattern, by its place in the profile.
    pub path: Option<(u16, Limit)>,
    /// Requests in a UTC day.
    pub day: Option<u64>,
}

impl Limits {
    pub const fn is_unlimited(&self) -> bool {
        self.minute.is_none() && self.path.is_none() && self.day.is_none()
    }

    /// Each that applies, as it is announced.
    pub fn policies(&self) -> impl Iterator<Item = Policy> {
        let of = |kind| move |limit: Limit| Policy { kind, requests: limit.requests().into(), window: limit.per() };
        let path = self.path.map(|(_, limit)| limit);
        let day = self.day.map(|requests| Policy { kind: Kind::Day, requests, window: day::LENGTH });
        [self.minute.map(of(Kind::Minute)), path.map(of(Kind::Path)), day].into_iter().flatten()
    }
}

/// Which of the limits.
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

/// So many requests in such a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub kind: Kind,
    pub requests: u64,
    pub window: Duration,
}

/// Both clocks: buckets fill by one that nobody can set back, days begin by the wall's.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub elapsed: Duration,
    pub at: Timestamp,
}

/// What was used up: of the key, on the path that is asked, and on this day, where that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub minute: Bucket,
    pub path: Bucket,
    pub day: Option<DayCount>,
}

/// How the limit stands that stops this key first: what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub policy: Policy,
    /// Requests that would pass now.
    pub remaining: u64,
    /// How long until all of them would.
    pub reset: Duration,
    /// Only where it refused: how long until this very request would pass, or never, since it costs more than there is.
    pub retry_after: Option<Duration>,
}

impl Rate {
    /// Whole seconds, after which the request does pass.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(whole_seconds)
    }

    pub fn reset_seconds(&self) -> u64 {
        whole_seconds(self.reset)
    }
}

/// Rounded up: waiting this long is long enough.
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    Unlimited,
    /// What is used up once this request is charged.
    Passed(State, Rate),
    /// Nothing was charged.
    Refused(Rate),
    /// There is a limit by the day, and nobody looked yet how much of it is used up: nothing can be said.
    Unread(Day),
}

/// One limit by itself.
struct Part<S> {
    after: S,
    rate: Rate,
    passes: bool,
}

/// Judges a request by all its limits. A caller that only looks leaves the state as it was.
pub fn judge(state: State, limits: &Limits, cost: NonZeroU32, now: Now) -> Judged {
    let mut after = state;
    let mut tightest: Option<(bool, Rate)> = None;
    let mut note = |passes: bool, rate: Rate| {
        tightest = Some(match tightest {
            Some(other) if !is_tighter((passes, &rate), (other.0, &other.1)) => other,
            _ => (passes, rate),
        });
    };
    if let Some(limit) = limits.minute {
        let part = state.minute.judge(Kind::Minute, limit, cost, now.elapsed);
        after.minute = part.after;
        note(part.passes, part.rate);
    }
    if let Some((_, limit)) = limits.path {
        let part = state.path.judge(Kind::Path, limit, cost, now.elapsed);
        after.path = part.after;
        note(part.passes, part.rate);
    }
    if let Some(requests) = limits.day {
        let today = Day::of(now.at);
        let Some(count) = state.day.and_then(|count| count.on(today)) else { return Judged::Unread(today) };
        let part = count.judge(requests, cost, now.at);
        after.day = Some(part.after);
        note(part.passes, part.rate);
    }
    match tightest {
        None => Judged::Unlimited,
        Some((true, rate)) => Judged::Passed(after, rate),
        Some((false, rate)) => Judged::Refused(rate),
    }
}

/// Of those that refuse, the one that does so longest; else the one with the least left.
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
