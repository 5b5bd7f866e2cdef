//! The feed of changes that a verifier follows: a connection of its own that no other query uses and, on PostgreSQL,
//! a notification. On PostgreSQL this connection also holds the lock of the serving process: as long as its session
//! answers, no other server accepts keys.

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

/// When a step of a poll takes longer, it fails: its connection is dropped, and the next poll makes a new one.
const STEP: Duration = Duration::from_secs(1);

pub(super) const REVISION: &str = "SELECT n FROM revision WHERE id = 1";

/// The result of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// How many changes there have ever been that verdicts depend on.
    Revision(i64),
    /// Another server took over; this one no longer learns of revocations.
    Superseded,
}

pub(super) struct Feed {
    connector: Connector,
    /// Identifies this server among all that ever held the lock.
    holder: String,
    silence: Silence,
    state: Mutex<State>,
    bell: Bell,
}

#[derive(Default)]
struct State {
    connection: Option<AnyConnection>,
    /// Whether a new connection has to hold the lock.
    serves: bool,
    /// The session that holds the lock, or held it last.
    session: Option<Session>,
    /// Another server held the lock last, and may accept keys until then.
    waits_until: Option<Instant>,
    /// A description of the server that holds the lock instead.
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
    /// Polls the current revision, and whether this is still the serving process. Every step has a time limit,
    /// whatever happens to the database.
    pub async fn hear(&self) -> Result<Heard> {
        self.0.feed.state.lock().await.hear(&self.0.feed).await
    }

    /// The committed changes after a revision, oldest first. `None` if there are none, or if some are no longer kept:
    /// then everything that was cached may have changed.
    pub async fn changes_since(&self, revision: i64) -> Result<Option<Vec<Change>>> {
        self.0.feed.state.lock().await.changes_since(revision).await
    }

    /// Waits until another process may have changed something: PostgreSQL notifies at once. On SQLite this waits
    /// forever. It is only a hint: the next poll finds what it misses.
    pub async fn rung(&self) {
        self.0.feed.bell.rung().await;
    }
}

impl State {
    /// A connection that failed, hung, or was left in the middle by a cancelled poll is not used again.
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

    /// Uses the existing connection, or makes one. `None` if another server holds the lock.
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

    /// Uses the connection that received the revision.
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
