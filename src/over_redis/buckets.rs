//! Charges limits in Redis, or this node's part of them while it is away.

use std::{num::NonZeroU32, sync::atomic::Ordering};

use futures_util::future::join_all;
use redis::{ScriptInvocation, Value};

use super::{
    bucket::{BucketAsk, BucketCharge},
    client::{Away, HELD_UP, Live, Redis},
    lock::locked,
    names::Part,
    outage::Owed,
};
use crate::limit::{Limit, Rate};

/// So many limits are settled at once.
const AT_ONCE: usize = 256;

impl Redis {
    /// A limit of something that is named by these parts.
    pub fn bucket(&self, kind: &str, part_of: &[&[u8]], name: &[&[u8]], limit: Limit, cost: u32) -> BucketAsk {
        let part = self.names().part(part_of);
        BucketAsk {
            key: self.names().key(part, kind, name),
            part,
            limit,
            wanted: cost,
            charged: cost,
            extra: 0,
            spare: 0,
        }
    }

    /// Charges all limits, which are in one part, or none.
    pub async fn charge(&self, asks: &[BucketAsk]) -> Result<BucketCharge, Away> {
        let Some(first) = asks.first() else { return Ok(BucketCharge { passed: true, states: Vec::new() }) };
        let script = &self.scripts().charge;
        let answer = self.call_once(first.part, script, |call| {
            for ask in asks {
                call.key(&ask.key);
                call.arg(ask.unit_micros()).arg(ask.per_micros());
                call.arg(ask.wanted).arg(ask.charged).arg(ask.extra);
                call.arg(f64::from(ask.spare) * ask.unit_micros());
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
        let live = self.live().ok_or(Away)?;
        self.once_on(&live, part, &self.scripts().adjust, HELD_UP, |call: &mut ScriptInvocation<'_>| {
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

    /// Adds in Redis what this node let through while it was away.
    pub(super) async fn settle(&self, live: &Live) -> Result<(), Away> {
        loop {
            let mut taken = Taken { redis: self, owed: locked(self.outage()).take_charged(AT_ONCE) };
            if taken.owed.is_empty() {
                return Ok(());
            }
            let mut added = Vec::new();
            for (key, of) in &taken.owed {
                let add = move |call: &mut ScriptInvocation<'_>| {
                    call.key(key).arg(of.debt).arg(of.per);
                };
                added.push(self.once_on(live, of.part, &self.scripts().adjust, HELD_UP, add));
            }
            let added = join_all(added).await;
            let mut added = added.into_iter();
            taken.owed.retain(|_| added.next().is_some_and(|added| added.is_err()));
            if !taken.owed.is_empty() {
                return Err(Away);
            }
        }
    }
}

/// What is being added. If that ends early, it is owed as before: what was added already counts twice, rather than not at all.
struct Taken<'a> {
    redis: &'a Redis,
    owed: Vec<(String, Owed)>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        locked(self.redis.outage()).put_back(std::mem::take(&mut self.owed));
    }
}

fn parse(answer: Value, count: usize) -> Option<BucketCharge> {
    let text: String = redis::from_redis_value(answer).ok()?;
    let mut words = text.split(' ');
    let passed = words.next()? == "1";
    let mut states = Vec::with_capacity(count);
    while let (Some(got), Some(debt)) = (words.next(), words.next()) {
        states.push((got.parse().ok()?, debt.parse().ok()?));
    }
    (states.len() == count).then_some(BucketCharge { passed, states })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_answer_is_none() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        for strange in [Value::Int(1), Value::Nil, text(""), text("1"), text("1 7"), text("1 7 x"), text("1 -7 1.0")] {
            assert_eq!(parse(strange.clone(), 1), None, "{strange:?}");
        }
        let good = text("1 7 12.500");
        assert_eq!(parse(good, 1), Some(BucketCharge { passed: true, states: vec![(7, 12.5)] }));
    }
}
