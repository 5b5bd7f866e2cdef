//! Looks after the connection: makes one, begins an epoch, and looks again whether Redis is as it has to be.

use std::{
    error::Error as _,
    io,
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use futures_util::future::try_join_all;
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::{sleep, timeout};

use super::{
    client::{Inner, Live, Redis, said},
    connection::{CONNECTING, Link},
    lock::locked,
    names::Part,
    settings::{RedisSettings, WithoutRedis},
    status::RedisStatus,
};
use crate::{clock::Elapsed, store::Store};

/// How often Redis is asked how it is.
const EVERY: Duration = Duration::from_secs(1);
/// Between two attempts to connect: at first, and at most.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_millis(250);
/// How long a new connection waits at most for what this node let through before.
const SETTLING: Duration = Duration::from_millis(500);
/// Longer than anything is remembered: an epoch ends by itself only if no node was there for so long.
const EPOCH: Duration = Duration::from_secs(24 * 60 * 60);
const NOEVICTION: &str = "noeviction";

impl Redis {
    /// Connects. An error says how to correct the settings. If Redis can't be reached, this node begins without it: otherwise no
    /// node could be started again while it is away.
    pub async fn start(settings: RedisSettings, store: Store, elapsed: Elapsed) -> Result<Self, String> {
        let redis = Self::new(settings, store, elapsed);
        // Others may have used Redis before it lost what it knew.
        let known = redis.0.store.has_rows_of_nodes().await.unwrap_or(true);
        match redis.connect(0, known).await {
            Ok(()) => {}
            Err(Failed { why, is_unreachable: true }) => redis.0.told.set(RedisStatus::Away(redis.now(), why)),
            Err(Failed { why, is_unreachable: false }) => {
                let address = &redis.settings().address;
                return Err(format!(
                    "Redis can't be used at {address}: {why}.\nCorrect redis_url, or leave it out: then each node has its part of \
                     each limit."
                ));
            }
        }
        tokio::spawn(watch(Arc::downgrade(&redis.0)));
        Ok(redis)
    }

    /// Makes connections, and publishes them once the epoch is that of the server's run. `known` if there may have been an epoch before.
    async fn connect(&self, number: u64, known: bool) -> Result<(), Failed> {
        let opened = async { tokio::try_join!(Link::open(self.settings()), Link::open(self.settings())) };
        let (link, second) = timeout(CONNECTING, opened).await.map_err(late)??;
        let connecting = async {
            let about = About::of(&link).await?;
            if about.is_replica {
                return Err(Failed::because("it is a replica, which takes no writes"));
            }
            // So that no request has to send one, and wait twice.
            link.load(&self.scripts().all()).await?;
            if About::of(&second).await?.run != about.run {
                let why = "its connections lead to different servers".to_owned();
                return Err(Failed { why, is_unreachable: true });
            }
            // A process that ended before, or another node, may have accepted signatures alone that Redis does not know.
            // Once: what this process accepts alone is counted.
            let forget = self.without() == WithoutRedis::Local && !self.0.has_begun.load(Ordering::SeqCst);
            self.begin_epoch_for_all(&link, &about, known, forget).await?;
            self.0.has_begun.store(true, Ordering::SeqCst);
            let live = Live { link, second, run: about.run.clone(), number };
            // Before any request asks it: limits refilled there meanwhile. What is left is added later.
            let _ = timeout(SETTLING, self.settle(&live)).await;
            self.publish(live, &about);
            Ok(())
        };
        timeout(CONNECTING, connecting).await.map_err(late)?
    }

    /// Signatures that this node accepted alone become invalid: other nodes would accept them again.
    async fn begin_epoch_for_all(&self, link: &Link, about: &About, known: bool, forget: bool) -> Result<(), Failed> {
        let accepted = self.0.accepted_alone.load(Ordering::SeqCst);
        self.begin_epoch(link, about, known, forget || accepted > 0).await?;
        // Not those since then.
        self.0.accepted_alone.fetch_sub(accepted, Ordering::SeqCst);
        Ok(())
    }

    async fn begin_epoch(&self, link: &Link, about: &About, known: bool, forget: bool) -> Result<(), Failed> {
        // All at once: a cluster may be far away.
        let mut begun = Vec::new();
        for part in self.names().parts() {
            begun.push(self.begin_epoch_of(part, link, about, known, forget));
        }
        try_join_all(begun).await?;
        Ok(())
    }

    async fn begin_epoch_of(
        &self,
        part: Part,
        link: &Link,
        about: &About,
        known: bool,
        forget: bool,
    ) -> RedisResult<Value> {
        let mut call = self.scripts().epoch.prepare_invoke();
        call.key(self.names().epoch(part)).arg(about.run.as_deref().unwrap_or_default());
        call.arg(self.0.store.now().micros());
        call.arg(if known { "used" } else { "" }).arg(if forget { "forget" } else { "" });
        call.arg(EPOCH.as_millis() as u64);
        link.run(&call).await
    }

    fn publish(&self, live: Live, about: &About) {
        self.0.keeps_all.store(about.evicts.is_none(), Ordering::SeqCst);
        self.set_live(live);
        self.0.told.set(about.status());
        locked(self.outage()).end();
    }

    /// Whether Redis is as it has to be; its answer counts as one to a request.
    async fn look(&self, live: &Live) {
        let looked = timeout(CONNECTING, async {
            let about = About::of(&live.link).await?;
            if about.is_replica {
                return Err(Failed::because("it became a replica"));
            }
            if about.run != live.run || About::of(&live.second).await?.run != live.run {
                return Err(Failed::because("another server answers"));
            }
            self.begin_epoch_for_all(&live.link, &about, true, false).await?;
            Ok(about)
        });
        match looked.await {
            Ok(Ok(about)) => {
                self.0.has_complained.store(false, Ordering::SeqCst);
                self.0.keeps_all.store(about.evicts.is_none(), Ordering::SeqCst);
                if self.is_there() {
                    self.0.told.set(about.status());
                }
            }
            Ok(Err(failed)) => self.lose(live.number, failed.why),
            Err(_) => self.lose(live.number, "nothing is answered".to_owned()),
        }
    }
}

/// Ends with the last user of Redis.
async fn watch(inner: Weak<Inner>) {
    let mut pause = FIRST;
    let mut number = 0;
    while let Some(redis) = inner.upgrade().map(Redis) {
        match redis.live() {
            Some(live) => {
                pause = FIRST;
                locked(redis.outage()).end();
                let _ = redis.settle(&live).await;
                redis.look(&live).await;
            }
            None => {
                number += 1;
                match redis.connect(number, true).await {
                    Ok(()) => continue,
                    Err(failed) => redis.0.told.set(RedisStatus::Away(redis.now(), failed.why)),
                }
            }
        }
        let (is_there, wake) = (redis.is_there(), Arc::clone(&redis.0.wake));
        // So that it ends with its last user.
        drop(redis);
        if is_there {
            tokio::select! {
                () = wake.notified() => {}
                () = sleep(EVERY) => {}
            }
        } else {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }
}

/// Why there is no connection.
struct Failed {
    why: String,
    /// Another attempt may succeed, without a change of the settings.
    is_unreachable: bool,
}

impl Failed {
    fn because(why: &str) -> Self {
        Self { why: why.to_owned(), is_unreachable: false }
    }
}

fn late(_: tokio::time::error::Elapsed) -> Failed {
    Failed { why: "nothing is answered".to_owned(), is_unreachable: true }
}

impl From<RedisError> for Failed {
    fn from(error: RedisError) -> Self {
        use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain};
        let is_unreachable = match error.kind() {
            // A name that is not known now, a host that is off, a Sentinel that looks for a primary.
            ErrorKind::Io | ErrorKind::MasterNameNotFoundBySentinel => !is_of_certificate(&error),
            ErrorKind::Server(BusyLoading | ClusterDown | MasterDown | ReadOnly | TryAgain) => true,
            _ => error.is_connection_refusal() || error.is_connection_dropped() || error.is_timeout(),
        };
        Self { why: said(&error), is_unreachable }
    }
}

/// TLS says so with an I/O error, which the client keeps in an `Arc`: another attempt changes nothing.
fn is_of_certificate(error: &RedisError) -> bool {
    // The client keeps it shared.
    let cause = error.source().and_then(|cause| cause.downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>());
    cause
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|error| error.kind() == io::ErrorKind::InvalidData)
}

/// What a server says about itself.
struct About {
    /// `None` in a cluster.
    run: Option<String>,
    is_replica: bool,
    /// A policy that removes what is not expired.
    evicts: Option<String>,
}

impl About {
    async fn of(link: &Link) -> Result<Self, Failed> {
        let servers = link.info().await?;
        let value = |server: &str, name: &str| {
            let line = server.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(|value| value.trim().to_owned())
        };
        let policies = servers.iter().filter_map(|server| value(server, "maxmemory_policy"));
        let evicts = policies.into_iter().find(|policy| policy != NOEVICTION);
        if link.is_cluster() {
            return Ok(Self { run: None, is_replica: false, evicts });
        }
        let server = servers.first().ok_or_else(|| Failed::because("it says nothing about itself"))?;
        let run = value(server, "run_id").ok_or_else(|| Failed::because("INFO does not name its run_id"))?;
        Ok(Self { run: Some(run), is_replica: value(server, "role").is_some_and(|role| role != "master"), evicts })
    }

    fn status(&self) -> RedisStatus {
        self.evicts.clone().map_or(RedisStatus::Good, RedisStatus::Evicts)
    }
}
