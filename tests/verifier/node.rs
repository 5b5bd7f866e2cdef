//! One of several nodes on one database.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sallyport::{
    id::RequestId,
    key::{Ask, Digest, PlainSecret, Verdict, secret::Checked},
    over_redis::Redis,
    request::Client,
    store::{Location, Store},
    testing::{SeededEntropy, TestStore},
    verifier::{Verifier, in_memory::InMemory},
};
use sqlx::AnyPool;

/// A store of its own, and its verifier.
pub struct Node {
    pub store: Store,
    pub verifier: Arc<Verifier>,
    asked: Arc<AtomicUsize>,
}

pub fn client() -> Client {
    Client {
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        proxied: false,
        user_agent: None,
        request_id: RequestId::mint(&SeededEntropy::new(1)),
    }
}

impl Node {
    pub async fn start(store: Store) -> Self {
        let state = InMemory::new(store.now(), Arc::new(|| Duration::ZERO));
        Self::start_with(store, state).await
    }

    /// With a state that may be shared with other nodes.
    pub async fn start_with(store: Store, state: InMemory) -> Self {
        Self::started(store, state, None).await
    }

    /// Sharing over Redis.
    pub async fn start_over(store: Store, redis: Redis) -> Self {
        let state = InMemory::new(store.now() - Duration::from_secs(1), Arc::new(|| Duration::ZERO));
        Self::started(store, state, Some(redis)).await
    }

    async fn started(store: Store, state: InMemory, redis: Option<Redis>) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        store.slow_look_ups(move || {
            count.fetch_add(1, Ordering::SeqCst);
            std::future::ready(())
        });
        let verifier = Verifier::start_with(store.clone(), 1_000, Arc::new(|| Duration::ZERO), state, redis);
        let verifier = verifier.await.expect("started");
        Self { store, verifier, asked }
    }

    pub async fn judge(&self, secret: &PlainSecret, ask: &Ask<'_>) -> Verdict {
        self.verifier.judge(Some(secret.expose()), ask, &client()).await.expect("judged").verdict
    }

    pub async fn judges<const N: usize>(&self, secrets: [&PlainSecret; N]) -> [Verdict; N] {
        let mut verdicts = [Verdict::Missing; N];
        for (verdict, secret) in verdicts.iter_mut().zip(secrets) {
            *verdict = self.judge(secret, &Ask { cost: 1, ..Ask::default() }).await;
        }
        verdicts
    }

    /// How many look-ups in the database it made since the last call.
    pub fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    /// What the worker does four times a second.
    pub async fn poll(&self) {
        self.verifier.poll().await.expect("polled");
    }
}

pub fn digest(store: &Store, secret: &PlainSecret) -> Digest {
    let checked = Checked::parse("sk_live_", secret.expose()).expect("shaped");
    store.digests(checked).next().expect("one pepper")
}

pub async fn raw(store: &TestStore) -> AnyPool {
    let url = match store.location() {
        Location::Sqlite(path) => format!("sqlite://{}", path.display()),
        Location::Postgres(url) => url.clone(),
    };
    AnyPool::connect(&url).await.expect("the database can be reached")
}
