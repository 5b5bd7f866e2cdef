//! Wakes a node when another one changed something, so that it need not wait for its next poll. PostgreSQL only: a
//! connection listens for the notification of each commit.

use std::{
    str::FromStr,
    sync::{Mutex as SyncMutex, MutexGuard, PoisonError},
    time::Duration,
};

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
    options: PgConnectOptions,
    /// Of one connection. Another one is made after a failure: a dead connection is not given back, and would keep its place.
    pool: SyncMutex<PgPool>,
    listener: Mutex<Option<PgListener>>,
}

fn pool(options: &PgConnectOptions) -> PgPool {
    let one = PgPoolOptions::new().max_connections(1).acquire_timeout(LOOK_UP).max_lifetime(None).idle_timeout(None);
    let one = one.after_connect(|connection, _| {
        Box::pin(async move {
            connection.execute(POSTGRES).await?;
            Ok(())
        })
    });
    one.connect_lazy_with(options.clone())
}

impl Notifications {
    /// Does not connect yet.
    pub(super) fn new(location: &Location) -> sqlx::Result<Self> {
        let Location::Postgres(url) = location else { return Ok(Self(None)) };
        let options = PgConnectOptions::from_str(url)?;
        let pool = SyncMutex::new(pool(&options));
        Ok(Self(Some(Line { options, pool, listener: Mutex::default() })))
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
            let pool = line.pool().clone();
            pool.close().await;
        }
    }
}

impl Line {
    fn pool(&self) -> MutexGuard<'_, PgPool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unless it was closed for good.
    fn replace_pool(&self) {
        let mut current = self.pool();
        if !current.is_closed() {
            *current = pool(&self.options);
        }
    }

    async fn notified(&self) {
        let mut held = self.listener.lock().await;
        loop {
            // Taken out, so that a listener that failed or was left in the middle is not used again.
            match self.next(held.take()).await {
                Ok(listener) => {
                    *held = Some(listener);
                    return;
                }
                Err(_) => {
                    self.replace_pool();
                    sleep(AGAIN).await;
                }
            }
        }
    }

    /// Waits for a notification over the existing listener, or a new one.
    async fn next(&self, listener: Option<PgListener>) -> sqlx::Result<PgListener> {
        let mut listener = match listener {
            Some(listener) => listener,
            None => {
                let pool = self.pool().clone();
                let mut listener = PgListener::connect_with(&pool).await?;
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
