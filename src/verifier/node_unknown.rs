//! Unknown keys, as one of several nodes sees them: how many are looked up is counted in Redis, if there is one.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use crate::{
    key::Digest,
    limit::Kind,
    over_redis::{BucketAsk, Redis},
    store::Store,
};

use super::{
    shared_state::{LookUpPermit, Presenter, UnknownKeys},
    unknown::Unknown,
};

pub struct NodeUnknown {
    /// `keys` or `tokens`.
    kind: &'static str,
    local: Arc<Unknown>,
    redis: Option<Redis>,
    store: Store,
}

impl NodeUnknown {
    pub fn new(kind: &'static str, local: Arc<Unknown>, redis: Option<Redis>, store: Store) -> Self {
        Self { kind, local, redis, store }
    }

    /// The limit of the presenter, and that of all.
    fn asks(&self, redis: &Redis, presenter: Presenter) -> [BucketAsk; 2] {
        let (kind, ip, limit, of_all) = Unknown::limits(presenter);
        let ip = ip.to_string();
        let part: &[&[u8]] = &[b"unknown", self.kind.as_bytes()];
        let own = [self.kind.as_bytes(), kind.as_bytes(), ip.as_bytes()];
        [redis.bucket("unknown", part, &own, limit, 1), redis.bucket("unknown", part, &own[..1], of_all, 1)]
    }

    /// While Redis counts for all nodes, the whole limits apply here.
    fn count_alone(&self, redis: Option<&Redis>) {
        let alone = redis.is_none_or(|redis| !redis.is_there());
        self.local.count_as_one_of(if alone { self.store.live_nodes() } else { NonZeroU32::MIN });
    }
}

impl UnknownKeys for NodeUnknown {
    fn add<'a>(&self, digests: impl IntoIterator<Item = &'a Digest> + Clone) {
        self.local.add(digests);
    }

    fn knows(&self, digest: &Digest) -> bool {
        self.local.knows(digest)
    }

    fn is_unknown(&self, digest: &Digest) -> bool {
        self.local.is_unknown(digest)
    }

    fn forget_unknown(&self) {
        self.local.forget_unknown();
    }

    async fn admit_look_up(
        &self,
        presenter: Presenter,
        digest: Option<Digest>,
        elapsed: Duration,
    ) -> Result<LookUpPermit, Duration> {
        self.count_alone(self.redis.as_ref());
        // What this node alone admits is more than what all may: a flood does not reach Redis.
        let mut permit = self.local.admit_look_up(presenter, digest, elapsed)?;
        let Some(redis) = self.redis.as_ref().filter(|_| !permit.free) else { return Ok(permit) };
        let [own, of_all] = self.asks(redis, presenter);
        let asks = [BucketAsk { charged: 0, ..own }, of_all];
        // Without Redis the limits of this node apply.
        let Ok(charge) = Box::pin(redis.charge(&asks)).await else { return Ok(permit) };
        if charge.passed {
            permit.is_shared = true;
            return Ok(permit);
        }
        self.local.withdraw(&permit);
        let waits =
            asks.iter().zip(charge.states).map(|(ask, (_, debt))| ask.rate(Kind::Minute, false, debt).1.retry_after);
        Err(waits.flatten().max().unwrap_or(Duration::from_secs(1)))
    }

    async fn found_unknown(&self, permit: &LookUpPermit, elapsed: Duration) {
        self.local.found_unknown(permit, elapsed);
        if let Some(redis) = &self.redis {
            let [own, _] = self.asks(redis, permit.presenter);
            let _ = Box::pin(redis.charge(&[BucketAsk { wanted: 0, ..own }])).await;
        }
    }

    async fn found_known(&self, permit: &LookUpPermit) {
        self.local.found_known(permit);
        if let Some(redis) = self.redis.as_ref().filter(|_| permit.is_shared) {
            let [_, of_all] = self.asks(redis, permit.presenter);
            redis.give_back(&of_all, 1);
        }
    }
}
