//! The lock of the serving process, which the feed's connection holds on PostgreSQL.

use std::time::Duration;

use sqlx::{AnyConnection, Row};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    super::{Location, Store, row::Read, schema::SERVER_LOCK},
    Feed, Heard, State, step,
};
use crate::{Error, Result};

/// How long a server accepts keys after its last successful poll.
pub const LEASE: Duration = Duration::from_secs(3);
/// Allowance for a verdict that was in progress when the lease ended.
const MARGIN: Duration = Duration::from_millis(250);
/// How often, and at what interval, to retry the lock that a lost session of this server still holds.
const TRIES: usize = 10;
const BETWEEN: Duration = Duration::from_millis(50);

/// A PostgreSQL backend. Process numbers are reused by the system, but not with the same start time.
pub(super) struct Session {
    pid: i64,
    started: i64,
}

/// Lets the next server start at once, by recording that this one accepts no more keys. PostgreSQL frees the lock of
/// a closed connection only when it notices the close.
pub(super) async fn give_up(connection: &mut AnyConnection, holder: &str) {
    let ended = sqlx::query("UPDATE server_lease SET holder = NULL WHERE id = 1 AND holder = $1");
    let _ = step(ended.bind(holder.to_owned()).execute(&mut *connection)).await;
    let freed = sqlx::query("SELECT CASE WHEN pg_advisory_unlock($1) THEN 1 ELSE 0 END");
    let _ = step(freed.bind(SERVER_LOCK).execute(&mut *connection)).await;
}

impl Store {
    /// Takes PostgreSQL's advisory lock, which `hear` takes again whenever its connection was lost: a second server
    /// would not learn of the first one's revocations at once. Waits until a server that did not shut down cleanly
    /// accepts no more keys. On SQLite a file lock does the same.
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
    pub(super) async fn lock(&mut self, connection: &mut AnyConnection, feed: &Feed) -> Result<bool> {
        let mut tries = 1;
        if let Some(lost) = &self.session {
            // It holds the lock until PostgreSQL gives up on a silent client.
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

async fn try_lock(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let taken = sqlx::query("SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1 ELSE 0 END AS taken").bind(SERVER_LOCK);
    Ok(taken.fetch_one(connection).await?.try_get::<i32, _>("taken")? == 1)
}

pub(super) async fn hold_lease(connection: &mut AnyConnection, holder: &str) -> sqlx::Result<()> {
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

/// The session that holds the lock, and its address.
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
