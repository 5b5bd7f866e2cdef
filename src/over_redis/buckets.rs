//! Charges limits in Redis, or this node's part of them while it is away.

use std::{num::NonZeroU32, sync::atomic::Ordering};

use redis::{ScriptInvocation, Value};

use super::{
    bucket::{BucketAsk, BucketCharge},
    client::{Away, Redis},
    lock::locked,
    names::Part,
};
use crate::limit::{Limit, Rate};

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
        let answer = self.call_in(first.part, script, |call| {
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

    #[test]
    fn a_strange_answer_is_none() {
        assert_eq!(parse(Value::Int(1), 1), None);
        assert_eq!(parse(Value::Array(vec![Value::Int(1)]), 1), None);
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let good = Value::Array(vec![Value::Int(1), Value::Int(7), text("12.500")]);
        assert_eq!(parse(good, 1), Some(BucketCharge { passed: true, states: vec![(7, 12.5)] }));
    }
}
