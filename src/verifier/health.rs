//! The health of this server, with reasons.

use std::time::Duration;

use crate::{Error, Result, Timestamp, journal::JournalStatus, over_redis::Redis};
use tokio::time::timeout;

use super::{Verifier, single_flight::SingleFlight};

/// The health endpoint responds within a second.
const LIMIT: Duration = Duration::from_millis(900);
/// Four polls: a single slow poll is not reported.
const HEARD: Duration = Duration::from_secs(1);

/// One requirement of the server, and its state.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    /// `database`, `revocations`, `writes`, `journal` or `redis`.
    pub name: &'static str,
    pub ok: bool,
    /// Whether the server can't do its work without it.
    pub required: bool,
    /// The error, or `ok`.
    pub detail: String,
}

/// Concurrent checks share one query.
#[derive(Default)]
pub(super) struct Health(SingleFlight<(), Vec<HealthCheck>>);

impl Verifier {
    /// Checks that the database answers look-ups, revocations are received, and writes succeed.
    pub async fn health(&self) -> Vec<HealthCheck> {
        let checks = self.health.0.join((), || async {
            let (database, writes) = tokio::join!(
                limited(async { self.store.revision().await.map(drop) }),
                limited(self.store.check_writes())
            );
            let required = [check("database", database), check("revocations", self.hears()), check("writes", writes)];
            let now = self.store.now();
            let journal = self.store.journal_status().map(|status| of_journal(&status, now));
            Ok(required.into_iter().chain(journal).chain(self.redis.as_ref().map(of_redis)).collect())
        });
        checks.await.unwrap_or_else(|error| vec![check("database", Err(error))])
    }

    /// How long ago the database last answered about revocations; for ever if it never did.
    pub fn lag(&self) -> Duration {
        self.freshness.age().unwrap_or(Duration::MAX)
    }

    /// Up to which revision this process knows all changes, and how long it may go on judging keys without hearing more.
    pub fn lease(&self) -> (i64, Duration) {
        (self.freshness.revision(), self.freshness.left())
    }

    fn hears(&self) -> Result<()> {
        if let Some(why) = self.store.quarantine() {
            return Err(Error::Unavailable(why));
        }
        self.freshness.check()?;
        let age = self.lag();
        if age > HEARD {
            return Err(Error::Unavailable(format!("the last poll for revocations was answered {age:?} ago")));
        }
        Ok(())
    }
}

async fn limited(check: impl Future<Output = Result<()>>) -> Result<()> {
    let late = || Err(Error::Unavailable(format!("nothing was answered within {LIMIT:?}")));
    timeout(LIMIT, check).await.unwrap_or_else(|_| late())
}

fn check(name: &'static str, checked: Result<()>) -> HealthCheck {
    let detail = match &checked {
        Ok(()) => "ok".to_owned(),
        Err(Error::Unavailable(why)) => why.clone(),
        Err(other) => other.to_string(),
    };
    HealthCheck { name, ok: checked.is_ok(), required: true, detail }
}

/// Revocations stand without their journal.
fn of_journal(status: &JournalStatus, now: Timestamp) -> HealthCheck {
    let wrong = status.wrong(now);
    HealthCheck {
        name: "journal",
        ok: wrong.is_none(),
        required: false,
        detail: wrong.unwrap_or_else(|| "ok".to_owned()),
    }
}

/// A node goes on without Redis.
fn of_redis(redis: &Redis) -> HealthCheck {
    let status = redis.status();
    HealthCheck { name: "redis", ok: status.is_good(), required: false, detail: status.to_string() }
}
