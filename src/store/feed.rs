//! What tells a verifier of changes: a connection of its own, which nothing else waits for, and on PostgreSQL a bell. On
//! PostgreSQL the connection holds the lock of the one server, too: as long as its session answers, no other server accepts
//! keys.

mod bell;
mod server_lock;

use std::time::Duration;

use sqlx::{AnyConnection, Connection, Row};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{
    Change, Location, Store,
    changes::{SINCE, without_gap},
    connector::Connector,
    pools::Silence,
};
use crate::{Entropy, Error, Result, base62};
use bell::Bell;
pub use server_lock::LEASE;
use server_lock::Session;

/// One step of a poll that takes longer failed: its connection is dropped, and the next poll makes a new one.
const STEP: Duration = Duration::from_secs(1);

pub(super) const REVISION: &str = "SELECT n FROM revision WHERE id = 1";

/// What a poll told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The number of changes that verdicts depend on, ever.
    Revision(i64),
    /// Another server took over, and tells this one of no revocation.
    Superseded,
}

pub(super) struct Feed {
    connector: Connector,
    /// Names this server among all that ever held the lock.
    holder: String,
    silence: Silence,
    state: Mutex<State>,
    bell: Bell,
}

#[derive(Default)]
struct State {
    connection: Option<AnyConnection>,
    /// Whoever connects has to hold the lock.
    serves: bool,
    /// The session that holds the lock, or held it.
    session: Option<Session>,
    /// Another server held the lock last, and may accept keys until then.
    waits_until: Option<Instant>,
    /// Who holds the lock instead, in words.
    rival: String,
    closed: bool,
}

impl Feed {
    pub(super) fn new(location: &Location, entropy: &dyn Entropy, silence: Silence) -> sqlx::Result<Self> {
        let (connector, bell) = (Connector::reader(location)?, Bell::new(location)?);
        Ok(Self { connector, holder: base62::random(entropy, 16), silence, state: Mutex::default(), bell })
    }

    pub(super) async fn close(&self) {
        self.bell.close().await;
        let mut state = self.state.lock().await;
        state.closed = true;
        let Some(mut connection) = state.connection.take() else { return };
        if state.serves {
            server_lock::give_up(&mut connection, &self.holder).await;
        }
        let _ = step(connection.close()).await;
    }
}

impl Store {
    /// The number of changes that verdicts depend on, and whether this is still the one server. Every step of it has an
    /// end, whatever becomes of the database.
    pub async fn hear(&self) -> Result<Heard> {
        self.0.feed.state.lock().await.hear(&self.0.feed).await
    }

    /// The changes after a revision, the oldest first, as far as they are committed. Nothing where there are none, or where
    /// some of them are not kept any more: what was remembered may all have changed.
    pub async fn changes_since(&self, revision: i64) -> Result<Option<Vec<Change>>> {
        self.0.feed.state.lock().await.changes_since(revision).await
    }

    /// Waits until another process may have changed something: PostgreSQL tells at once. Where it can't, this waits for
    /// ever. It is a hint: what it misses, the next poll finds.
    pub async fn rung(&self) {
        self.0.feed.bell.rung().await;
    }
}

impl State {
    /// A connection that failed, hung, or was left in the middle by a poll that was cancelled, is not asked again.
    async fn hear(&mut self, feed: &Feed) -> Result<Heard> {
        if self.closed {
            return Err(Error::Unavailable("it is closed".to_owned()));
        }
        let Some((mut connection, revision)) = self.ask(feed).await? else { return Ok(Heard::Superseded) };
        if let Some(until) = self.waits_until {
            if Instant::now() < until {
                self.connection = Some(connection);
                return Err(Error::Unavailable(
                    "the server before this one may accept keys for a moment yet".to_owned(),
                ));
            }
            step(server_lock::hold_lease(&mut connection, &feed.holder)).await?;
            self.waits_until = None;
        }
        self.connection = Some(connection);
        Ok(Heard::Revision(revision))
    }

    /// Over the connection there is, or a new one. Nothing where another server holds the lock.
    async fn ask(&mut self, feed: &Feed) -> Result<Option<(AnyConnection, i64)>> {
        if let Some(mut connection) = self.connection.take() {
            if let Ok(revision) = step(revision(&mut connection)).await {
                return Ok(Some((connection, revision)));
            }
            feed.silence.noticed();
        }
        let mut connection = step(feed.connector.connect()).await?;
        if self.serves && !self.lock(&mut connection, feed).await? {
            return Ok(None);
        }
        let revision = step(revision(&mut connection)).await?;
        Ok(Some((connection, revision)))
    }

    /// Over the connection that heard of them.
    async fn changes_since(&mut self, revision: i64) -> Result<Option<Vec<Change>>> {
        let mut connection =
            self.connection.take().ok_or_else(|| Error::Unavailable("nothing was heard yet".to_owned()))?;
        let rows = step(sqlx::query(SINCE).bind(revision).fetch_all(&mut connection)).await?;
        self.connection = Some(connection);
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
