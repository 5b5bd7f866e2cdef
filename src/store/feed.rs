//! What tells a verifier of changes: a connection of its own, which nothing else waits for. On PostgreSQL it holds the
//! lock of the one server, too: as long as its session answers, no other server accepts keys.

use std::time::Duration;

use sqlx::{AnyConnection, Connection, Row};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{Location, Store, connector::Connector, pools::Silence, row::Read, schema::SERVER_LOCK};
use crate::{Entropy, Error, Result, base62};

/// One step of a poll that takes longer failed: its connection is dropped, and the next poll makes a new one.
const STEP: Duration = Duration::from_secs(1);
/// For so long after a server heard last, it accepts keys.
pub const LEASE: Duration = Duration::from_secs(3);
/// A verdict that was under way when the lease ended.
const MARGIN: Duration = Duration::from_millis(250);
/// How often, and how far apart, to try for the lock that a lost session of this server holds for a moment yet.
const TRIES: usize = 10;
const BETWEEN: Duration = Duration::from_millis(50);

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

/// A process of PostgreSQL. The system uses their numbers again, but not with the same time of start.
struct Session {
    pid: i64,
    started: i64,
}

impl Feed {
    pub(super) fn new(location: &Location, entropy: &dyn Entropy, silence: Silence) -> sqlx::Result<Self> {
        let connector = Connector::reader(location)?;
        Ok(Self { connector, holder: base62::random(entropy, 16), silence, state: Mutex::default() })
    }

    /// The next server may begin at once: it is told that this one accepts no key any more. PostgreSQL frees the lock of
    /// a connection that ended only when it sees the end.
    pub(super) async fn close(&self) {
        let mut state = self.state.lock().await;
        state.closed = true;
        let Some(mut connection) = state.connection.take() else { return };
        if state.serves {
            let ended = sqlx::query("UPDATE server_lease SET holder = NULL WHERE id = 1 AND holder = $1");
            let _ = step(ended.bind(self.holder.clone()).execute(&mut connection)).await;
            let freed = sqlx::query("SELECT CASE WHEN pg_advisory_unlock($1) THEN 1 ELSE 0 END");
            let _ = step(freed.bind(SERVER_LOCK).execute(&mut connection)).await;
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

    /// Takes PostgreSQL's advisory lock, which `hear` takes again whenever its connection was lost: a second server would
    /// not hear of the first one's revocations at once. Waits until a server that did not end in order accepts no key
    /// any more. For SQLite a lock of the operating system does the same.
    pub async fn hold_server_lock(&self) -> Result<()> {
        if matches!(self.0.location, Location::Sqlite(_)) {
            return Ok(());
        }
        let feed = &self.0.feed;
        let mut state = feed.state.lock().await;
        if !state.serves {
            (state.serves, state.connection) = (true, None);
        }
        loop {
            match (state.hear(feed).await, state.waits_until) {
                (Ok(Heard::Revision(_)), _) => return Ok(()),
                (Ok(Heard::Superseded), _) => return Err(Error::Unavailable(state.rival.clone())),
                (Err(_), Some(until)) if Instant::now() < until => sleep_until(until).await,
                (Err(error), _) => return Err(error),
            }
        }
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
            step(hold_lease(&mut connection, &feed.holder)).await?;
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

    async fn lock(&mut self, connection: &mut AnyConnection, feed: &Feed) -> Result<bool> {
        let mut tries = 1;
        if let Some(lost) = &self.session {
            // It holds the lock for as long as PostgreSQL believes in a client that fell silent.
            let _ = step(end(connection, lost)).await;
            tries = TRIES;
        }
        self.session = Some(step(session(connection)).await?);
        for n in 0..tries {
            if n > 0 {
                sleep(BETWEEN).await;
            }
            if step(try_lock(connection)).await? {
                self.take_lease(connection, &feed.holder).await?;
                return Ok(true);
            }
        }
        self.rival = rival(step(holders(connection)).await.ok().flatten());
        Ok(false)
    }

    async fn take_lease(&mut self, connection: &mut AnyConnection, holder: &str) -> Result<()> {
        let held = sqlx::query("SELECT holder FROM server_lease WHERE id = 1");
        let before = step(held.fetch_one(&mut *connection)).await?.text_opt("holder")?;
        self.waits_until = match before {
            None => {
                step(hold_lease(connection, holder)).await?;
                None
            }
            Some(before) if before == holder => None,
            Some(_) => Some(Instant::now() + LEASE + MARGIN),
        };
        Ok(())
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

async fn try_lock(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let taken = sqlx::query("SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1 ELSE 0 END AS taken").bind(SERVER_LOCK);
    Ok(taken.fetch_one(connection).await?.try_get::<i32, _>("taken")? == 1)
}

async fn hold_lease(connection: &mut AnyConnection, holder: &str) -> sqlx::Result<()> {
    let held = sqlx::query("UPDATE server_lease SET holder = $1 WHERE id = 1").bind(holder.to_owned());
    held.execute(connection).await.map(drop)
}

async fn session(connection: &mut AnyConnection) -> sqlx::Result<Session> {
    let sql = "SELECT CAST(pid AS BIGINT) AS pid, CAST(EXTRACT(EPOCH FROM backend_start) * 1000000 AS BIGINT) AS started \
               FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    let row = sqlx::query(sql).fetch_one(connection).await?;
    Ok(Session { pid: row.try_get("pid")?, started: row.try_get("started")? })
}

async fn end(connection: &mut AnyConnection, session: &Session) -> sqlx::Result<()> {
    let ended = sqlx::query(
        "SELECT CASE WHEN pg_terminate_backend(pid) THEN 1 ELSE 0 END FROM pg_stat_activity \
         WHERE pid = $1 AND CAST(EXTRACT(EPOCH FROM backend_start) * 1000000 AS BIGINT) = $2",
    );
    ended.bind(session.pid).bind(session.started).execute(connection).await.map(drop)
}

/// The session that holds the lock, and from where.
async fn holders(connection: &mut AnyConnection) -> sqlx::Result<Option<(i64, String)>> {
    sqlx::query_as(
        "SELECT CAST(l.pid AS BIGINT) AS pid, COALESCE(host(a.client_addr), 'a socket of its own machine') AS host \
         FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.objsubid = 1 AND (CAST(l.classid AS BIGINT) << 32) + CAST(l.objid AS BIGINT) = $1",
    )
    .bind(SERVER_LOCK)
    .fetch_optional(connection)
    .await
}

fn rival(holder: Option<(i64, String)>) -> String {
    let taken = "another sallyport serves this database already";
    match holder {
        None => format!("{taken}; end it first"),
        Some((pid, host)) => format!(
            "{taken}, from {host}; end it first. If its machine is gone, PostgreSQL notices within half a minute, or at \
             once with: SELECT pg_terminate_backend({pid})"
        ),
    }
}
