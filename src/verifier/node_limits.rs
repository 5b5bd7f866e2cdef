//! The limits of keys, as one of several nodes counts them: over Redis, or its part of each limit. Days are counted in the database.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use crate::{
    Result,
    clock::Elapsed,
    id::KeyId,
    limit::{Day, DayCount, Judged, Kind, Limit, Limits, Now, Rate, State, StoredDay, tightest},
    over_redis::{BucketAsk, BucketCharge, Redis},
    store::Store,
};

use super::{
    limiter::Limiter,
    shared_state::RateLimits,
    shares::{Shares, Slot, is_fast},
};

pub struct NodeLimits {
    local: Arc<Limiter>,
    over: Option<Over>,
    store: Store,
}

/// What limits over Redis need.
#[derive(Clone)]
struct Over {
    redis: Redis,
    shares: Arc<Shares>,
    elapsed: Elapsed,
}

/// A limit of a request.
#[derive(Clone)]
struct Part {
    kind: Kind,
    slot: Slot,
    ask: BucketAsk,
}

/// How often shares are given back that nobody uses.
const SWEPT_EVERY: Duration = Duration::from_millis(100);

impl NodeLimits {
    pub fn new(local: Arc<Limiter>, redis: Option<Redis>, store: Store, elapsed: Elapsed) -> Self {
        let over = redis.map(|redis| Over { redis, shares: Arc::default(), elapsed });
        if let Some(over) = &over {
            tokio::spawn(give_back_unused(Arc::downgrade(&over.shares), over.redis.clone(), over.elapsed.clone()));
        }
        Self { local, over, store }
    }

    fn nodes(&self) -> NonZeroU32 {
        self.store.live_nodes()
    }

    async fn judge(&self, key: &KeyId, limits: &Limits, cost: NonZeroU32, now: Now, peeks: bool) -> Result<Judged> {
        if limits.is_unlimited() {
            return Ok(Judged::Unlimited);
        }
        let has_times = limits.minute.is_some() || limits.path.is_some();
        let Some(over) = self.over.as_ref().filter(|_| has_times) else {
            return self.judge_here(key, limits, cost, now, peeks);
        };
        let day = Limits { day: limits.day, ..Limits::default() };
        let of_day = self.judge_here(key, &day, cost, now, peeks)?;
        let of_day = match of_day {
            Judged::Unlimited => None,
            Judged::Passed(_, rate) => Some((true, rate)),
            Judged::Refused(rate) => Some((false, rate)),
            Judged::Unread(_) => return Ok(of_day),
        };
        // Boxed: a verdict without Redis stays small.
        let passes_day = of_day.is_none_or(|(passes, _)| passes);
        let by_time = Box::pin(over.judge(key, limits, cost, self.nodes(), peeks || !passes_day)).await;
        let passes = by_time.iter().all(|(passes, _)| *passes);
        if !passes && passes_day && of_day.is_some() && !peeks {
            self.local.give_back_day(key, cost, now);
        }
        Ok(match tightest(by_time.into_iter().chain(of_day)) {
            None => Judged::Unlimited,
            Some((true, rate)) => Judged::Passed(State::default(), rate),
            Some((false, rate)) => Judged::Refused(rate),
        })
    }

    /// In the memory of this node: its part of each limit.
    fn judge_here(&self, key: &KeyId, limits: &Limits, cost: NonZeroU32, now: Now, peeks: bool) -> Result<Judged> {
        let nodes = self.nodes();
        let own = if nodes.get() == 1 { *limits } else { limits.of_one_in(nodes) };
        let judged = match peeks {
            true => self.local.peek(key, &own, cost, now)?,
            false => self.local.charge(key, &own, cost, now)?,
        };
        Ok(match judged {
            Judged::Passed(state, rate) => Judged::Passed(state, of_all(rate, limits)),
            Judged::Refused(rate) => Judged::Refused(of_all(rate, limits)),
            other => other,
        })
    }
}

/// Clients are told the whole limit, and what is left of this node's part.
fn of_all(rate: Rate, limits: &Limits) -> Rate {
    let policy = limits.policies().find(|policy| policy.kind == rate.policy.kind).unwrap_or(rate.policy);
    // It fits the whole limit: another node, or this one alone, may let it pass.
    let retry_after = rate.retry_after.or((rate.policy.requests < policy.requests && rate.remaining == 0).then_some(rate.reset));
    Rate { policy, retry_after, ..rate }
}

impl Over {
    async fn judge(
        &self,
        key: &KeyId,
        limits: &Limits,
        cost: NonZeroU32,
        nodes: NonZeroU32,
        peeks: bool,
    ) -> Vec<(bool, Rate)> {
        let now = (self.elapsed)();
        let mut spent = Vec::new();
        let mut rest = Vec::new();
        for (kind, number, limit) in limits.by_time() {
            let slot = Slot::new(key, number);
            // A share is charged in Redis already.
            if let Some(share) = (!peeks && is_fast(limit)).then(|| self.shares.spend(&slot, limit, cost, nodes, now)) {
                let ask = self.ask(key, number, limit, cost.get());
                if let Some(more) = share.more.filter(|_| share.spent) {
                    self.refill(slot.clone(), BucketAsk { wanted: 0, charged: 0, extra: more, ..ask.clone() });
                }
                let part = Part { kind, slot, ask: BucketAsk { extra: share.more.unwrap_or(0), ..ask } };
                if share.spent { spent.push((part, share.debt)) } else { rest.push(part) }
            } else {
                let ask = self.ask(key, number, limit, cost.get());
                let charged = if peeks { 0 } else { cost.get() };
                rest.push(Part { kind, slot, ask: BucketAsk { charged, ..ask } });
            }
        }
        let mut rates = self.judge_in_redis(&rest, nodes).await;
        if rates.iter().all(|(passes, _)| *passes) {
            let of_shares = spent.iter().map(|(part, debt)| part.ask.rate(part.kind, true, *debt));
            rates.extend(of_shares);
        } else {
            spent.iter().for_each(|(part, _)| self.shares.put_back(&part.slot, cost));
        }
        rates
    }

    async fn judge_in_redis(&self, parts: &[Part], nodes: NonZeroU32) -> Vec<(bool, Rate)> {
        if parts.is_empty() {
            return Vec::new();
        }
        let asks: Vec<_> = parts.iter().map(|part| part.ask.clone()).collect();
        match self.redis.charge(&asks).await {
            Ok(BucketCharge { passed, states }) => {
                let now = (self.elapsed)();
                let each = parts.iter().zip(states).map(|(part, (got, debt))| {
                    if is_fast(part.ask.limit) && part.ask.charged > 0 {
                        self.shares.received(&part.slot, got, part.ask.extra > 0, debt, now);
                    }
                    part.ask.rate(part.kind, passed, debt)
                });
                each.collect()
            }
            Err(_) => {
                let rates = self.redis.charge_alone(&asks, nodes);
                let each = parts.iter().zip(rates).map(|(part, (passes, rate))| {
                    let (requests, window) = (part.ask.limit.requests().into(), part.ask.limit.per());
                    let policy = crate::limit::Policy { kind: part.kind, requests, window };
                    (passes, Rate { policy, retry_after: (!passes).then(|| rate.retry_after.unwrap_or(rate.reset)), ..rate })
                });
                each.collect()
            }
        }
    }

    fn ask(&self, key: &KeyId, number: u32, limit: Limit, cost: u32) -> BucketAsk {
        let key = key.as_str().as_bytes();
        self.redis.bucket("limit", &[key], &[key, &number.to_be_bytes()], limit, cost)
    }

    /// Takes a share ahead, in the background.
    fn refill(&self, slot: Slot, ask: BucketAsk) {
        let over = self.clone();
        tokio::spawn(async move {
            let asked = over.redis.charge(std::slice::from_ref(&ask)).await;
            let now = (over.elapsed)();
            if let Some((got, debt)) = asked.ok().and_then(|charge| charge.states.first().copied()) {
                over.shares.received(&slot, got, true, debt, now);
            }
        });
    }
}

/// Ends with the verifier.
async fn give_back_unused(shares: std::sync::Weak<Shares>, redis: Redis, elapsed: Elapsed) {
    loop {
        tokio::time::sleep(SWEPT_EVERY).await;
        let Some(shares) = shares.upgrade() else { return };
        if redis.is_there() {
            for (slot, limit, left) in shares.take_unused(elapsed()) {
                let (key, number) = slot.parts();
                let ask = redis.bucket("limit", &[key], &[key, &number.to_be_bytes()], limit, 1);
                redis.give_back(&ask, left);
            }
        }
    }
}

impl RateLimits for NodeLimits {
    async fn charge(&self, key: &KeyId, limits: &Limits, cost: NonZeroU32, now: Now) -> Result<Judged> {
        self.judge(key, limits, cost, now, false).await
    }

    async fn peek(&self, key: &KeyId, limits: &Limits, cost: NonZeroU32, now: Now) -> Result<Judged> {
        self.judge(key, limits, cost, now, true).await
    }

    fn read(&self, key: &KeyId, day: Day, stored: StoredDay) -> Result<()> {
        self.local.read(key, day, stored)
    }

    fn take(&self) -> Vec<(KeyId, DayCount)> {
        self.local.take()
    }

    fn put_back(&self, counts: Vec<(KeyId, DayCount)>) {
        self.local.put_back(counts);
    }

    fn forget(&self, now: Now) {
        self.local.forget(now);
    }
}
