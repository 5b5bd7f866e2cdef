//! Limits in Redis: what is asked, and what is answered.

use std::{num::NonZeroU32, sync::atomic::Ordering, time::Duration};

use redis::{ScriptInvocation, Value};

use super::{
    client::{Away, Redis, locked},
    names::Part,
};
use crate::limit::{Kind, Limit, Rate};

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
    // If the request was refused, some limits may not have refused it.
    let passes = request_passed || after <= per + 0.01;
    let fits = cost.get() <= limit.requests();
    let rate = Rate {
        policy: crate::limit::Policy { kind, requests: limit.requests().into(), window: limit.per() },
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

impl Redis {
    /// A limit of something that is named by these parts.
    pub fn bucket(&self, kind: &str, part_of: &[&[u8]], name: &[&[u8]], limit: Limit, cost: u32) -> BucketAsk {
        let part = self.names().part(part_of);
        BucketAsk { key: self.names().key(part, kind, name), part, limit, wanted: cost, charged: cost, extra: 0 }
    }

    /// Charges all limits, which are in one part, or none.
    pub async fn charge(&self, asks: &[BucketAsk]) -> Result<BucketCharge, Away> {
        let Some(first) = asks.first() else { return Ok(BucketCharge { passed: true, states: Vec::new() }) };
        let script = &self.scripts().charge;
        let answer = self.call_in(first.part, script, |call| {
            for ask in asks {
                call.key(&ask.key);
                call.arg(ask.unit_micros()).arg(ask.per_micros());
                call.arg(ask.wanted).arg(ask.charged).arg(ask.extra);
            }
        });
        parse(answer.await?, asks.len()).ok_or(Away)
    }

    /// Returns requests that were charged, in the background. If Redis is away, they stay charged.
    pub fn give_back(&self, ask: &BucketAsk, requests: u32) {
        let (redis, ask) = (self.clone(), ask.clone());
        if requests > 0 && self.is_there() {
            tokio::spawn(async move {
                let debt = -f64::from(requests) * ask.unit_micros();
                let _ = redis.adjust(&ask.key, ask.part, debt, ask.per_micros()).await;
            });
        }
    }

    pub(super) async fn adjust(&self, key: &str, part: Part, debt: f64, per: f64) -> Result<(), Away> {
        let adjust = &self.scripts().adjust;
        self.call_in(part, adjust, |call: &mut ScriptInvocation<'_>| {
            call.key(key).arg(debt).arg(per);
        })
        .await
        .map(drop)
    }

    /// Judges by this node's part of the limits, since Redis is away.
    pub fn charge_alone(&self, asks: &[BucketAsk], nodes: NonZeroU32) -> Vec<(bool, Rate)> {
        self.0.is_troubled.store(true, Ordering::SeqCst);
        locked(self.outage()).charge(asks, nodes, self.now())
    }

    /// Redis answers again: the whole limits apply, and what this node let through meanwhile is added.
    pub(super) async fn settle(&self) {
        let owed = {
            let mut outage = locked(self.outage());
            outage.end();
            outage.take_charged()
        };
        let mut owed = owed.into_iter();
        while let Some((key, of)) = owed.next() {
            if self.adjust(&key, of.part, of.debt, of.per).await.is_err() {
                locked(self.outage()).put_back(std::iter::once((key, of)).chain(owed));
                return;
            }
        }
    }
}

fn parse(answer: Value, count: usize) -> Option<BucketCharge> {
    let Value::Array(values) = answer else { return None };
    let mut values = values.into_iter();
    let passed = redis::from_redis_value::<u8>(values.next()?).ok()? == 1;
    let mut states = Vec::with_capacity(count);
    while let (Some(got), Some(debt)) = (values.next(), values.next()) {
        let debt: String = redis::from_redis_value(debt).ok()?;
        states.push((redis::from_redis_value(got).ok()?, debt.parse().ok()?));
    }
    (states.len() == count).then_some(BucketCharge { passed, states })
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

    #[test]
    fn a_strange_answer_is_none() {
        assert_eq!(parse(Value::Int(1), 1), None);
        assert_eq!(parse(Value::Array(vec![Value::Int(1)]), 1), None);
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let good = Value::Array(vec![Value::Int(1), Value::Int(7), text("12.500")]);
        assert_eq!(parse(good, 1), Some(BucketCharge { passed: true, states: vec![(7, 12.5)] }));
    }
}
