//! The limits of keys, as one of several nodes counts them: over Redis, or its part of each limit. Days are counted in the database.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use crate::{
    Result,
    clock::Elapsed,
    id::KeyId,
    limit::{Day, DayCount, Judged, Kind, Limit, Limits, Now, Policy, Rate, State, StoredDay, tightest},
    over_redis::{BucketAsk, BucketCharge, Redis, rate},
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
#[derive(Clone, Copy)]
struct Part {
    kind: Kind,
    number: u32,
    limit: Limit,
    /// How many more to take ahead.
    extra: u32,
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
        let passes_day = of_day.is_none_or(|(passes, _)| passes);
        let by_time = over.judge(key, limits, cost, self.nodes(), peeks || !passes_day).await;
        let passes = by_time.iter().flatten().all(|(passes, _)| *passes);
        if !passes && passes_day && of_day.is_some() && !peeks {
            self.local.give_back_day(key, cost, now);
        }
        Ok(match tightest(by_time.into_iter().flatten().chain(of_day)) {
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
            Judged::Passed(state, rate) => Judged::Passed(state, of_all(rate, limits, None)),
            Judged::Refused(rate) => Judged::Refused(of_all(rate, limits, Some(cost))),
            other => other,
        })
    }
}

/// Clients are told the whole limit, and what is left of this node's part.
fn of_all(rate: Rate, limits: &Limits, refused: Option<NonZeroU32>) -> Rate {
    let policy = limits.policies().find(|policy| policy.kind == rate.policy.kind).unwrap_or(rate.policy);
    // More than this node's part may still fit the whole limit.
    let fits = refused.is_some_and(|cost| u64::from(cost.get()) <= policy.requests);
    Rate { policy, retry_after: rate.retry_after.or(fits.then_some(rate.reset)), ..rate }
}

/// What is answered about each limit that counts by time.
type Rates = [Option<(bool, Rate)>; 2];

impl Over {
    async fn judge(&self, key: &KeyId, limits: &Limits, cost: NonZeroU32, nodes: NonZeroU32, peeks: bool) -> Rates {
        let now = (self.elapsed)();
        let (mut rates, mut rest) = (Rates::default(), [None; 2]);
        for (at, (kind, number, limit)) in limits.by_time().enumerate() {
            let part = Part { kind, number, limit, extra: 0 };
            // A share is charged in Redis already.
            if peeks || !is_fast(limit) {
                rest[at] = Some(part);
                continue;
            }
            let share = self.shares.spend(&Slot::new(key, number), limit, cost, nodes, now);
            let extra = share.more.unwrap_or(0);
            if !share.spent {
                rest[at] = Some(Part { extra, ..part });
                continue;
            }
            if extra > 0 {
                self.refill(key, Part { extra, ..part });
            }
            rates[at] = Some(rate(kind, limit, cost, true, share.debt));
        }
        if rest.iter().all(Option::is_none) {
            return rates;
        }
        // Boxed: a verdict without Redis stays small.
        let asked = Box::pin(self.judge_in_redis(key, rest, cost, nodes, peeks)).await;
        if !asked.iter().flatten().all(|(passes, _)| *passes) {
            for (rate, (_, number, _)) in rates.iter_mut().zip(limits.by_time()) {
                if rate.take().is_some() {
                    self.shares.put_back(&Slot::new(key, number), cost);
                }
            }
        }
        [rates[0].or(asked[0]), rates[1].or(asked[1])]
    }

    async fn judge_in_redis(
        &self,
        key: &KeyId,
        parts: [Option<Part>; 2],
        cost: NonZeroU32,
        nodes: NonZeroU32,
        peeks: bool,
    ) -> Rates {
        let of = |part: &Part| BucketAsk {
            charged: if peeks { 0 } else { cost.get() },
            extra: part.extra,
            ..self.ask(key, part.number, part.limit, cost.get())
        };
        let asks: Vec<_> = parts.iter().flatten().map(of).collect();
        let answer = self.redis.charge(&asks).await;
        let now = (self.elapsed)();
        let answers: Vec<_> = match answer {
            Ok(BucketCharge { passed, states }) => {
                let each = parts.iter().flatten().zip(states).map(|(part, (got, debt))| {
                    if is_fast(part.limit) && !peeks {
                        self.shares.received(&Slot::new(key, part.number), got, part.extra > 0, debt, now);
                    }
                    rate(part.kind, part.limit, cost, passed, debt)
                });
                each.collect()
            }
            Err(_) => {
                let rates = self.redis.charge_alone(&asks, nodes);
                let each = parts.iter().flatten().zip(rates).map(|(part, (passes, rate))| {
                    let policy =
                        Policy { kind: part.kind, requests: part.limit.requests().into(), window: part.limit.per() };
                    let fits = !passes && cost.get() <= part.limit.requests();
                    let retry_after = fits.then(|| rate.retry_after.unwrap_or(rate.reset));
                    (passes, Rate { policy, retry_after, ..rate })
                });
                each.collect()
            }
        };
        let mut answers = answers.into_iter();
        parts.map(|part| part.and_then(|_| answers.next()))
    }

    fn ask(&self, key: &KeyId, number: u32, limit: Limit, cost: u32) -> BucketAsk {
        let key = key.as_str().as_bytes();
        self.redis.bucket("limit", &[key], &[key, &number.to_be_bytes()], limit, cost)
    }

    /// Takes a share ahead, in the background.
    fn refill(&self, key: &KeyId, part: Part) {
        let (over, key) = (self.clone(), key.clone());
        tokio::spawn(async move {
            let ask = over.ask(&key, part.number, part.limit, 1);
            let ask = BucketAsk { wanted: 0, charged: 0, extra: part.extra, ..ask };
            let asked = over.redis.charge(std::slice::from_ref(&ask)).await;
            let now = (over.elapsed)();
            if let Some((got, debt)) = asked.ok().and_then(|charge| charge.states.first().copied()) {
                over.shares.received(&Slot::new(&key, part.number), got, true, debt, now);
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
