//! Throttling of attempts on one of several nodes: counted over Redis, if there is one; else each node admits its part.

use std::{num::NonZeroU32, result, time::Duration};

use super::{bucket::BucketAsk, client::Redis};
use crate::{
    Result,
    clock::Elapsed,
    limit::{Kind, Limit},
    store::Store,
    throttle::{Attempt, InMemory, Throttled, Throttles, Who},
};

pub struct NodeThrottles {
    local: InMemory,
    redis: Option<Redis>,
    store: Store,
}

impl NodeThrottles {
    pub fn new(store: Store, elapsed: Elapsed, redis: Option<Redis>) -> Self {
        Self { local: InMemory::new(elapsed), redis, store }
    }

    /// In the order of its counts. All are in one part of a cluster, since they are charged together.
    fn asks(redis: &Redis, attempt: &Attempt) -> Vec<BucketAsk> {
        let ask = |(name, burst, every): (&[u8; 16], u32, Duration)| {
            let burst = NonZeroU32::new(burst)?;
            let limit = Limit::new(burst, every * burst.get())?;
            // Nobody is kept from signing in because Redis was restarted.
            Some(BucketAsk { spare: 1, ..redis.bucket("attempt", &[b"attempts"], &[name], limit, 1) })
        };
        attempt.counts().filter_map(ask).collect()
    }
}

impl Throttles for NodeThrottles {
    async fn begin(&self, who: Who, account: &str) -> Result<result::Result<Attempt, Throttled>> {
        let alone = || self.local.begin_on_one_of(self.store.live_nodes().get(), who, account);
        let Some(redis) = self.redis.as_ref().filter(|redis| redis.is_there()) else { return Ok(alone()) };
        // Counted here too, for the time when Redis is away.
        let mut attempt = self.local.note(who, account);
        let asks = Self::asks(redis, &attempt);
        let Ok(charge) = redis.charge(&asks).await else {
            // It went away just now.
            self.local.withdraw(attempt);
            return Ok(alone());
        };
        if charge.passed {
            attempt.is_shared = true;
            return Ok(Ok(attempt));
        }
        let waits =
            asks.iter().zip(charge.states).map(|(ask, (_, debt))| ask.rate(Kind::Minute, false, debt).1.retry_after);
        let longest = waits.enumerate().max_by_key(|(_, wait)| *wait);
        let (refusing, wait) = longest.unwrap_or_default();
        let tell = self.local.refused_elsewhere(attempt, refusing);
        Ok(Err(Throttled { wait: wait.unwrap_or(Duration::from_secs(1)), tell }))
    }

    async fn succeeded(&self, attempt: Attempt) {
        if let Some(redis) = self.redis.as_ref().filter(|_| attempt.is_shared) {
            let cleared = attempt.cleared();
            for (n, ask) in Self::asks(redis, &attempt).iter().enumerate() {
                redis.give_back(ask, if Some(n) == cleared { ask.limit.requests() } else { 1 });
            }
        }
        self.local.note_success(attempt);
    }

    async fn take_back(&self, attempt: Attempt) {
        if let Some(redis) = self.redis.as_ref().filter(|_| attempt.is_shared) {
            Self::asks(redis, &attempt).iter().for_each(|ask| redis.give_back(ask, 1));
        }
        self.local.withdraw(attempt);
    }
}
