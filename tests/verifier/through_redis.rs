//! Nodes that share limits and signatures over a real Redis.

mod limits;
mod outage;
mod repeats;
mod servers;
mod signatures;

use std::{future::Future, sync::Arc, time::Duration};

use sallyport::{
    audit::{Act, Actor},
    clock::Clock,
    key::{Ask, Issued, LimitOverride, Restrictions, Verdict},
    over_redis::{Redis, RedisSettings},
    signature::Signed,
    testing::{RedisServer, TestStore, sign},
    verifier::freshness::elapsed,
};

use crate::node::{Node, client};

/// Several nodes over one Redis, and a key.
pub struct Nodes {
    pub nodes: Vec<Node>,
    pub redis: Vec<Redis>,
    pub issued: Issued,
    stores: Vec<TestStore>,
}

/// No answer is late on a busy machine.
pub fn settings(url: &str) -> RedisSettings {
    RedisSettings::new(url).expect("good").with_timeout(Duration::from_secs(5))
}

impl Nodes {
    pub async fn over(store: &TestStore, server: &RedisServer, count: usize, limits: LimitOverride) -> Self {
        let urls = vec![settings(&server.url()); count];
        Self::with(store, server, urls, limits).await
    }

    /// Each with its settings. Their clocks show the time of Redis.
    pub async fn with(
        store: &TestStore,
        server: &RedisServer,
        settings: Vec<RedisSettings>,
        limits: LimitOverride,
    ) -> Self {
        let act: Act = store.act(&store.person("Ada").await);
        let org = store.org(&act, "Focus").await;
        let app = store.app(&act, &org, "Focus and calm").await;
        let issued = store.key(&act, &app, "CI").await;
        let restrictions = Restrictions { limits, ..Restrictions::default() };
        // More than the plan allows.
        let operator = Act::by(Actor::CommandLine);
        store.restrict_key(&operator, &issued.key, restrictions, None).await.expect("restricted");
        let (mut nodes, mut redis, mut stores) = (Vec::new(), Vec::new(), Vec::new());
        let live = u32::try_from(settings.len()).expect("few");
        for settings in settings {
            let own = store.restarted().await;
            catch_up(&own, server);
            own.store.set_live_nodes(live);
            let over = Redis::start(settings, own.store.clone(), elapsed()).await.expect("Redis can be used");
            nodes.push(Node::start_over(own.store.clone(), over.clone()).await);
            redis.push(over);
            stores.push(own);
        }
        Self { nodes, redis, issued, stores }
    }

    /// So much time passes on all nodes.
    pub fn turn(&self, by: Duration) {
        self.stores.iter().for_each(|store| store.clock.turn(by));
    }

    /// Each has a connection to a server that was started again.
    pub async fn until_connected(&self, server: &RedisServer) {
        let connected = || server.ask::<String>(&["CLIENT", "LIST"]).lines().count() > 2 * self.redis.len();
        until("all are connected", || connected() && self.redis.iter().all(Redis::is_there)).await;
    }

    pub async fn judge(&self, node: usize) -> Verdict {
        self.nodes[node].judge(&self.issued.secret, &Ask { cost: 1, ..Ask::default() }).await
    }

    /// The verdict about a request that is signed now, with a body; `None` if no decision is possible.
    pub async fn signed(&self, node: usize, signature: &Signature) -> Option<Verdict> {
        let Signature { at, body, text } = signature;
        let signed = Signed { timestamp: at, signature: text, body: body.as_bytes() };
        let ask = Ask { signed: Some(signed), cost: 1, ..Ask::default() };
        let (secret, client) = (Some(self.issued.secret.expose()), client());
        let judged = self.nodes[node].verifier.judge(secret, &ask, &client).await;
        judged.ok().map(|judged| judged.verdict)
    }

    /// A signature that is made now.
    pub fn sign(&self, body: &str) -> Signature {
        let at = (self.stores[0].clock.now().micros() / 1_000_000).to_string();
        let secret = self.issued.signing_secret.as_ref().expect("one");
        let text = sign(secret, &at, body.as_bytes());
        Signature { at, body: body.to_owned(), text }
    }

    pub async fn end(self) {
        for store in self.stores {
            store.store.close().await;
        }
    }
}

pub struct Signature {
    at: String,
    body: String,
    text: String,
}

fn catch_up(store: &TestStore, server: &RedisServer) {
    let ahead = server.time() - store.clock.now().micros();
    store.clock.turn(Duration::from_micros(u64::try_from(ahead).unwrap_or(0)));
}

/// Until something that a task of its own does has happened.
pub async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what} did not happen"));
}

/// Runs all at once.
pub async fn at_once<T: Send + 'static>(tasks: Vec<impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.expect("no panic"));
    }
    results
}

/// Asks each node so many times, all nodes at once; how many passed.
pub async fn flood(nodes: &Nodes, each: usize, tasks: usize) -> usize {
    let floods = nodes.nodes.iter().flat_map(|node| (0..tasks).map(move |_| Arc::clone(&node.verifier)));
    let secret = nodes.issued.secret.expose().to_owned();
    let floods = floods.map(|verifier| {
        let secret = secret.clone();
        async move {
            let mut passed = 0;
            for _ in 0..each / tasks {
                let ask = Ask { cost: 1, ..Ask::default() };
                let judged = verifier.judge(Some(&secret), &ask, &client()).await.expect("judged");
                passed += usize::from(judged.verdict == Verdict::Valid);
            }
            passed
        }
    });
    at_once(floods.collect()).await.into_iter().sum()
}

pub fn per_minute(requests: u32) -> LimitOverride {
    LimitOverride { per_minute: Some(requests), ..LimitOverride::default() }
}
