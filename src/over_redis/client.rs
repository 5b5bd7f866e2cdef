//! The client: a request waits for Redis for a short time at most, and not at all while Redis is known to be away.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::{Either, select};
use redis::{ErrorKind, RedisError, RedisResult, Script, ScriptInvocation, ServerErrorKind, Value};
use tokio::{
    sync::{Notify, Semaphore},
    time::{error::Elapsed as Late, timeout},
};

use super::{
    connection::Link,
    lock::locked,
    names::{Names, Part},
    outage::Outage,
    scripts::Scripts,
    settings::RedisSettings,
    status::{RedisStatus, Told},
};
use crate::{base62, clock::Elapsed, store::Store};

/// So many requests wait for Redis at once; further ones are judged without it.
const WAITING: usize = 1_024;
/// After so many requests without an answer, one after the other, Redis counts as away.
const UNANSWERED: u32 = 3;

/// A packet that was held up arrives so much later at most, for what must not be done twice.
pub(super) const HELD_UP: Duration = Duration::from_secs(30);
/// The same where doing it twice takes nothing from anybody but the client that sent it.
const LATE: Duration = Duration::from_secs(1);

/// Redis did not answer in time, or could not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// Redis, as one node uses it.
#[derive(Clone)]
pub struct Redis(pub(super) Arc<Inner>);

pub(super) struct Inner {
    settings: RedisSettings,
    names: Names,
    scripts: Scripts,
    /// Names the claims of this process.
    process: String,
    /// Numbers the calls that may be sent again.
    calls: AtomicU64,
    pub store: Store,
    elapsed: Elapsed,
    live: RwLock<Option<Live>>,
    waiting: Semaphore,
    unanswered: AtomicU32,
    pub told: Told,
    outage: Mutex<Outage>,
    /// Something was judged without Redis since it answered last.
    pub is_troubled: AtomicBool,
    pub has_complained: AtomicBool,
    /// Whether this process has had a connection.
    pub has_begun: AtomicBool,
    /// How many signatures were accepted that Redis does not know.
    pub accepted_alone: AtomicU64,
    /// Whether its memory is kept when it is full.
    pub keeps_all: AtomicBool,
    /// Wakes what looks after the connection.
    pub wake: Arc<Notify>,
}

/// Connections, and the run of the server that they lead to; `None` in a cluster.
#[derive(Clone)]
pub(super) struct Live {
    pub link: Link,
    /// For what the other did not answer in half of the time: a lost packet holds up all that was sent after it.
    pub second: Link,
    pub run: Option<String>,
    pub number: u64,
}

impl Redis {
    pub(super) fn new(settings: RedisSettings, store: Store, elapsed: Elapsed) -> Self {
        let is_cluster = settings.address.kind == super::address::Kind::Cluster;
        Self(Arc::new(Inner {
            names: Names::new(settings.prefix.clone(), store.vault().clone(), is_cluster),
            scripts: Scripts::default(),
            process: base62::random(store.entropy(), 16),
            calls: AtomicU64::default(),
            settings,
            store,
            elapsed,
            live: RwLock::default(),
            waiting: Semaphore::new(WAITING),
            unanswered: AtomicU32::new(0),
            told: Told::new(),
            outage: Mutex::default(),
            is_troubled: AtomicBool::default(),
            has_complained: AtomicBool::default(),
            has_begun: AtomicBool::default(),
            accepted_alone: AtomicU64::default(),
            keeps_all: AtomicBool::new(true),
            wake: Arc::default(),
        }))
    }

    pub(super) fn settings(&self) -> &RedisSettings {
        &self.0.settings
    }

    pub(super) fn names(&self) -> &Names {
        &self.0.names
    }

    pub(super) fn scripts(&self) -> &Scripts {
        &self.0.scripts
    }

    pub(super) fn process(&self) -> &str {
        &self.0.process
    }

    pub(super) fn outage(&self) -> &Mutex<Outage> {
        &self.0.outage
    }

    pub(super) fn now(&self) -> Duration {
        (self.0.elapsed)()
    }

    /// Whether it answers, as far as this node knows.
    pub fn is_there(&self) -> bool {
        self.live().is_some()
    }

    /// Whether signatures can be claimed.
    pub fn keeps_signatures(&self) -> bool {
        self.0.keeps_all.load(Ordering::SeqCst)
    }

    /// This node accepts signatures that Redis does not know: they are made invalid everywhere once Redis is back.
    pub fn accept_alone(&self) {
        self.0.accepted_alone.fetch_add(1, Ordering::SeqCst);
    }

    pub fn status(&self) -> RedisStatus {
        self.0.told.get()
    }

    pub(super) fn live(&self) -> Option<Live> {
        self.0.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_live(&self, live: Live) {
        *self.0.live.write().unwrap_or_else(PoisonError::into_inner) = Some(live);
        self.0.unanswered.store(0, Ordering::SeqCst);
    }

    /// Requests are judged without Redis until a new connection was made.
    pub(super) fn lose(&self, number: u64, why: String) {
        let mut live = self.0.live.write().unwrap_or_else(PoisonError::into_inner);
        if live.as_ref().is_some_and(|live| live.number == number) {
            *live = None;
            drop(live);
            self.0.told.set(RedisStatus::Away(self.now(), why));
            self.0.wake.notify_one();
        }
    }

    /// Runs a script whose first key is the epoch of a part, and whose first argument the run.
    pub(super) async fn call_in(
        &self,
        part: Part,
        script: &Script,
        add: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<Value, Away> {
        let live = self.live().ok_or(Away)?;
        let mut call = script.prepare_invoke();
        call.key(self.0.names.epoch(part)).arg(live.run.as_deref().unwrap_or_default());
        add(&mut call);
        self.call_on(&live, call).await
    }

    /// The same for a script that charges: it is done once, however often it arrives.
    pub(super) async fn call_once(
        &self,
        part: Part,
        script: &Script,
        add: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<Value, Away> {
        let live = self.live().ok_or(Away)?;
        self.once_on(&live, part, script, LATE, add).await
    }

    pub(super) async fn once_on(
        &self,
        live: &Live,
        part: Part,
        script: &Script,
        late: Duration,
        add: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<Value, Away> {
        let mut call = script.prepare_invoke();
        let number = self.0.calls.fetch_add(1, Ordering::Relaxed);
        call.key(self.0.names.epoch(part)).arg(live.run.as_deref().unwrap_or_default());
        call.key(self.0.names.once(part, &self.0.process, number));
        // It is sent again for as long as a request waits.
        call.arg((self.0.settings.timeout * 2 + late).as_millis() as u64);
        add(&mut call);
        self.call_on(live, call).await
    }

    /// Over each connection: what was sent before over one arrives before it there.
    pub(super) async fn call_everywhere(&self, call: ScriptInvocation<'_>) {
        if let (Some(live), Ok(_place)) = (self.live(), self.0.waiting.try_acquire()) {
            for link in [&live.link, &live.second] {
                let _ = timeout(self.0.settings.timeout, link.run(&call)).await;
            }
        }
    }

    /// Sent again over the second connection after half of the time: every script changes the same if it arrives twice.
    async fn asked_of(&self, live: &Live, call: &ScriptInvocation<'_>) -> Result<RedisResult<Value>, Late> {
        let half = self.0.settings.timeout / 2;
        let mut first = pin!(live.link.run(call));
        if let Ok(answer) = timeout(half, &mut first).await {
            return Ok(answer);
        }
        let second = pin!(live.second.run(call));
        timeout(half, async {
            match select(first, second).await {
                Either::Left((answer, _)) | Either::Right((answer, _)) => answer,
            }
        })
        .await
    }

    async fn call_on(&self, live: &Live, call: ScriptInvocation<'_>) -> Result<Value, Away> {
        let _place = self.0.waiting.try_acquire().map_err(|_| Away)?;
        match self.asked_of(live, &call).await {
            Ok(Ok(Value::Int(-1))) => {
                self.lose(live.number, "it lost what it knew, or is another server".to_owned());
                Err(Away)
            }
            Ok(Ok(answer)) => {
                self.0.unanswered.store(0, Ordering::SeqCst);
                if self.0.is_troubled.swap(false, Ordering::SeqCst) {
                    locked(&self.0.outage).end();
                    self.0.wake.notify_one();
                }
                Ok(answer)
            }
            Ok(Err(error)) if is_of_this_request(&error) => {
                // Once between two looks at it.
                if !self.0.has_complained.swap(true, Ordering::SeqCst) {
                    tracing::warn!(error = %said(&error), "Redis could not do it");
                }
                Err(Away)
            }
            Ok(Err(error)) => {
                self.lose(live.number, said(&error));
                Err(Away)
            }
            Err(_) => {
                if self.0.unanswered.fetch_add(1, Ordering::SeqCst) + 1 >= UNANSWERED {
                    self.lose(live.number, format!("it does not answer within {:?}", self.0.settings.timeout));
                }
                Err(Away)
            }
        }
    }
}

/// Its memory is full, for instance: the connection is good.
fn is_of_this_request(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ResponseError | ServerErrorKind::NoPerm) | ErrorKind::Extension
    )
}

/// In one line.
pub(super) fn said(error: &RedisError) -> String {
    error.to_string().lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}
