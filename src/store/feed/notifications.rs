//! Wakes a node when another one changed something, so that it need not wait for its next poll. PostgreSQL only: a
//! connection listens for the notification of each commit.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Executor,
    postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions},
};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

use super::super::{Location, connector::POSTGRES, pools::LOOK_UP};

/// The channel that commits notify (`tx/changes.rs`).
const CHANNEL: &str = "sallyport_changes";
/// How long to wait after a listener failed; until then the polls alone find changes.
const AGAIN: Duration = Duration::from_secs(5);
/// When nothing was notified for so long, the connection is tested.
const SILENT: Duration = Duration::from_secs(5);

/// `None` on SQLite.
pub(super) struct Notifications(Option<Line>);

struct Line {
    pool: PgPool,
    listener: Mutex<Option<PgListener>>,
}

impl Notifications {
    /// Does not connect yet.
    pub(super) fn new(location: &Location) -> sqlx::Result<Self> {
        let Location::Postgres(url) = location else { return Ok(Self(None)) };
        let options =
            PgPoolOptions::new().max_connections(1).acquire_timeout(LOOK_UP).max_lifetime(None).idle_timeout(None);
        let options = options.after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(POSTGRES).await?;
                Ok(())
            })
        });
        let pool = options.connect_lazy_with(PgConnectOptions::from_str(url)?);
        Ok(Self(Some(Line { pool, listener: Mutex::default() })))
    }

    pub(super) async fn notified(&self) {
        match &self.0 {
            None => std::future::pending().await,
            Some(line) => line.notified().await,
        }
    }

    /// Closes the listener's connection, so that pending waits end soon.
    pub(super) async fn close(&self) {
        if let Some(line) = &self.0 {
            if let Ok(mut listener) = line.listener.try_lock() {
                *listener = None;
            }
            line.pool.close().await;
        }
    }
}

impl Line {
    async fn notified(&self) {
        let mut held = self.listener.lock().await;
        loop {
            // Taken out, so that a listener that failed or was left in the middle is not used again.
            match self.next(held.take()).await {
                Ok(listener) => {
                    *held = Some(listener);
                    return;
                }
                Err(_) => sleep(AGAIN).await,
            }
        }
    }

    /// Waits for a notification over the existing listener, or a new one.
    async fn next(&self, listener: Option<PgListener>) -> sqlx::Result<PgListener> {
        let mut listener = match listener {
            Some(listener) => listener,
            None => {
                let mut listener = PgListener::connect_with(&self.pool).await?;
                listener.listen(CHANNEL).await?;
                listener
            }
        };
        loop {
            match timeout(SILENT, listener.recv()).await {
                Ok(received) => {
                    received?;
                    return Ok(listener);
                }
                // A dead connection is as silent as one over which there is nothing to notify.
                Err(_) => match timeout(LOOK_UP, listener.execute("SELECT 1")).await {
                    Ok(answered) => {
                        answered?;
                    }
                    Err(_) => return Err(sqlx::Error::PoolTimedOut),
                },
            }
        }
    }
}
