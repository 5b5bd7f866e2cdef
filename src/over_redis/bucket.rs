//! A limit in Redis, and what is asked of it.

use std::{num::NonZeroU32, time::Duration};

use super::names::Part;
use crate::limit::{Kind, Limit, Policy, Rate};

/// A limit, and what is asked of it.
#[derive(Clone, Debug)]
pub struct BucketAsk {
    pub key: String,
    pub part: Part,
    pub limit: Limit,
    /// How many requests have to be there.
    pub wanted: u32,
    /// How many are charged.
    pub charged: u32,
    /// How many more are taken ahead, if they are there.
    pub extra: u32,
    /// How many are there all the same after Redis lost what it knew, and everything counts as used up.
    pub spare: u32,
}

/// The answer about all limits of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct BucketCharge {
    pub passed: bool,
    /// For each limit: how many more were taken, and the time until all of it is there again, in microseconds.
    pub states: Vec<(u32, f64)>,
}

impl BucketAsk {
    pub(super) fn unit_micros(&self) -> f64 {
        self.per_micros() / f64::from(self.limit.requests())
    }

    pub(super) fn per_micros(&self) -> f64 {
        self.limit.per().as_nanos() as f64 / 1_000.0
    }

    pub(super) fn wanted_cost(&self) -> NonZeroU32 {
        NonZeroU32::new(self.wanted.max(self.charged)).unwrap_or(NonZeroU32::MIN)
    }

    /// The state that was answered, as clients see it.
    pub fn rate(&self, kind: Kind, passed: bool, debt: f64) -> (bool, Rate) {
        rate(kind, self.limit, self.wanted_cost(), passed, debt)
    }
}

/// From a debt in microseconds.
pub fn rate(kind: Kind, limit: Limit, cost: NonZeroU32, request_passed: bool, debt: f64) -> (bool, Rate) {
    let per = limit.per().as_nanos() as f64 / 1_000.0;
    let unit = per / f64::from(limit.requests());
    let after = debt + f64::from(cost.get()) * unit;
    // If the request was refused, some limits may not have refused it. The script allows 0.01, and rounds what it answers.
    let passes = request_passed || after <= per + 0.009;
    let fits = cost.get() <= limit.requests();
    let rate = Rate {
        policy: Policy { kind, requests: limit.requests().into(), window: limit.per() },
        remaining: ((per - debt).max(0.0) / unit + 1e-6) as u64,
        reset: micros(debt),
        retry_after: (!passes && fits).then(|| micros(after - per)),
    };
    (passes, rate)
}

/// Rounded up.
fn micros(micros: f64) -> Duration {
    Duration::from_nanos((micros.max(0.0) * 1_000.0).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(requests: u32) -> Limit {
        Limit::per_minute(NonZeroU32::new(requests).expect("not zero"))
    }

    #[test]
    fn what_redis_answers_is_what_clients_see() {
        let one = NonZeroU32::MIN;
        let (passes, full) = rate(Kind::Minute, limit(60), one, true, 1_000_000.0);
        assert!(passes);
        assert_eq!((full.remaining, full.reset, full.retry_after), (59, Duration::from_secs(1), None));
        let (passes, refused) = rate(Kind::Minute, limit(60), one, false, 59_500_000.0);
        assert!(!passes);
        assert_eq!((refused.remaining, refused.retry_after), (0, Some(Duration::from_millis(500))));
        let (_, never) = rate(Kind::Minute, limit(60), NonZeroU32::new(61).expect("not zero"), false, 0.0);
        assert_eq!(never.retry_after, None);
    }
}
