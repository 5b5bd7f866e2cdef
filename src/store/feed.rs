//! The feed of changes that a verifier follows: a connection of its own that no other query uses and, on PostgreSQL,
//! a notification. On PostgreSQL the lease of this node is renewed over it.

mod nodes;
mod notifications;
mod others;

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use sqlx::{AnyConnection, Connection, Row};
use tokio::{sync::Mutex, time::timeout};

use super::{
    Change, Location, Store,
    changes::{SINCE, without_gap},
    connector::Connector,
    pools::Silence,
};
use crate::{Error, Result, node::Renewal};
use nodes::Described;
use notifications::Notifications;
pub use others::ListedNode;
use others::Others;

/// When a step of a poll takes longer, it fails: its connection is dropped, and the next poll makes a new one. A lease lasts
/// for two of them.
const STEP: Duration = Duration::from_millis(450);

pub(super) const REVISION: &str = "SELECT n FROM revision WHERE id = 1";

pub(super) struct Feed {
    connector: Connector,
    silence: Silence,
    state: Mutex<State>,
    notifications: Notifications,
    /// Set once this process serves.
    described: OnceLock<Described>,
    others: Others,
    /// All uses that were noted before this change are written.
    flushed: AtomicI64,
}

/// A connection for polls.
struct Link {
    connection: AnyConnection,
    /// Whether the database says which history it has.
    has_timeline: bool,
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    /// Whether this node can renew without joining.
    has_joined: bool,
    closed: bool,
}

impl Feed {
    pub(super) fn new(location: &Location, silence: Silence) -> sqlx::Result<Self> {
        let (connector, notifications) = (Connector::reader(location)?, Notifications::new(location)?);
        Ok(Self {
            connector,
            silence,
            state: Mutex::default(),
            notifications,
            described: OnceLock::new(),
            others: Others::default(),
            flushed: AtomicI64::default(),
        })
    }

    pub(super) async fn close(&self) {
        self.notifications.close().await;
        let mut state = self.state.lock().await;
        state.closed = true;
        let Some(mut link) = state.link.take() else { return };
        if let (Some(described), true) = (self.described.get(), state.has_joined) {
            nodes::leave(&mut link.connection, &described.id).await;
        }
        let _ = step(link.connection.close()).await;
    }
}

impl Store {
    /// Polls the current revision; a node renews its lease by the same statement, and acknowledges that it applied all
    /// changes up to a revision. Every step has a time limit, whatever happens to the database.
    pub async fn poll(&self, acknowledged: i64, now: &(dyn Fn() -> Duration + Send + Sync)) -> Result<Renewal> {
        self.0.feed.state.lock().await.poll(self, acknowledged, now).await
    }

    /// The committed changes after a revision, oldest first: the first hundred. `None` if there are none, or if some are no longer kept:
    /// then everything that was cached may have changed.
    pub async fn changes_since(&self, revision: i64) -> Result<Option<Vec<Change>>> {
        self.0.feed.state.lock().await.changes_since(revision).await
    }

    /// Waits until another process may have changed something: PostgreSQL notifies at once. On SQLite this waits
    /// forever. It is only a hint: the next poll finds what it misses.
    pub async fn notified(&self) {
        self.0.feed.notifications.notified().await;
    }

    /// Existing connections may lead to a server that is no longer the primary: none is used again.
    pub(crate) fn distrust_connections(&self) {
        self.0.feed.silence.noticed();
    }
}

impl State {
    /// A connection that failed, hung, or was left in the middle by a cancelled poll is not used again.
    async fn poll(
        &mut self,
        store: &Store,
        acknowledged: i64,
        now: &(dyn Fn() -> Duration + Send + Sync),
    ) -> Result<Renewal> {
        if self.closed {
            return Err(Error::Unavailable("it is closed".to_owned()));
        }
        let feed = &store.0.feed;
        if let Some(mut link) = self.link.take() {
            if let Ok(renewal) = self.ask(store, &mut link, acknowledged, now).await {
                self.link = Some(link);
                return Ok(renewal);
            }
            feed.silence.noticed();
        }
        let mut link = self.link(feed).await?;
        let renewal = self.ask(store, &mut link, acknowledged, now).await?;
        self.link = Some(link);
        Ok(renewal)
    }

    async fn ask(
        &mut self,
        store: &Store,
        link: &mut Link,
        acknowledged: i64,
        now: &(dyn Fn() -> Duration + Send + Sync),
    ) -> Result<Renewal> {
        if let (Some(described), true) = (store.0.feed.described.get(), store.is_node()) {
            let flushed = store.0.feed.flushed.load(Ordering::SeqCst).min(acknowledged);
            return self.renew(link, described, (acknowledged, flushed), now).await;
        }
        let sent_at = now();
        let head = step(revision(&mut link.connection)).await?;
        Ok(Renewal { sent_at, acknowledged, head, timeline: 0 })
    }

    /// A new connection.
    async fn link(&mut self, feed: &Feed) -> Result<Link> {
        let mut connection = step(feed.connector.connect()).await?;
        let has_timeline = feed.described.get().is_some() && nodes::has_timeline(&mut connection).await;
        Ok(Link { connection, has_timeline })
    }

    /// Uses the connection that received the revision.
    async fn changes_since(&mut self, revision: i64) -> Result<Option<Vec<Change>>> {
        let mut link = self.link.take().ok_or_else(|| Error::Unavailable("nothing was heard yet".to_owned()))?;
        let rows = step(sqlx::query(SINCE).bind(revision).fetch_all(&mut link.connection)).await?;
        self.link = Some(link);
        without_gap(revision, &rows)
    }
}

async fn step<T>(work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    match timeout(STEP, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Error::Unavailable(format!("nothing was answered within {STEP:?}"))),
    }
}

async fn revision(connection: &mut AnyConnection) -> sqlx::Result<i64> {
    sqlx::query(REVISION).fetch_one(connection).await?.try_get("n")
}
