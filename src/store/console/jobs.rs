//! Jobs as operators see them: those that wait, run or have failed.

use sqlx::any::AnyRow;

use super::{
    super::{Store, detached, row::Read},
    ConsolePage, ConsoleQuery,
    list::Listed,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent, Target},
    id::JobId,
    job::{JobStatus, Outcome},
};

/// A job with its queue. Its payload is not shown: the id identifies it in the log.
#[derive(Clone, Debug)]
pub struct ConsoleJob {
    pub id: JobId,
    pub queue: String,
    pub status: JobStatus,
    pub created_at: Timestamp,
    /// When it ended last, with the outcome of its status.
    pub ended_at: Option<Timestamp>,
}

/// Jobs that ended well are no concern of operators.
const JOBS: Listed = Listed {
    columns: "x.id, x.queue, x.created_at, x.run_at, x.lease_until, x.attempts, x.outcome, \
        x.ended_at, x.error",
    from: "jobs x",
    matches: "(x.run_at IS NOT NULL OR x.outcome = 'failed') AND (lower(x.queue) LIKE $2 ESCAPE '!' \
        OR lower(x.id) LIKE $2 ESCAPE '!' OR '' LIKE $1 ESCAPE '!')",
    statuses: &[
        ("failed", "x.outcome = 'failed' AND (x.run_at IS NULL OR x.attempts = 0)"),
        ("retrying", "x.run_at IS NOT NULL AND x.attempts > 0 AND x.error IS NOT NULL"),
        ("waiting", "x.run_at IS NOT NULL AND x.error IS NULL"),
    ],
};

pub(super) fn listed(row: &AnyRow) -> Result<ConsoleJob> {
    Ok(ConsoleJob {
        id: JobId::stored(row.text("id")?),
        queue: row.text("queue")?,
        status: JobStatus {
            run_at: row.time_opt("run_at")?,
            lease_until: row.time_opt("lease_until")?,
            attempts: u32::try_from(row.int("attempts")?).unwrap_or(u32::MAX),
            outcome: row.text_opt("outcome")?.and_then(|word| Outcome::parse(&word)),
            error: row.text_opt("error")?,
        },
        created_at: row.time("created_at")?,
        ended_at: row.time_opt("ended_at")?,
    })
}

impl Store {
    /// Jobs that wait, run or have failed, newest first.
    pub async fn console_jobs(&self, query: &ConsoleQuery) -> Result<ConsolePage<ConsoleJob>> {
        self.console_page(&JOBS, query, listed).await
    }

    /// How many have each of these statuses, up to one more than [`COUNTED`](super::COUNTED).
    pub async fn count_console_jobs(&self, statuses: [&str; 3]) -> Result<[i64; 3]> {
        let mut counts = [0; 3];
        for (count, status) in counts.iter_mut().zip(statuses) {
            let any = || "%".to_owned();
            *count = self.console_total(&JOBS, JOBS.with_status(status), any(), any()).await?;
        }
        Ok(counts)
    }

    /// Makes a job due now that waits for its next attempt or has failed. `NotFound` if it runs, is due already, or has
    /// ended well.
    pub async fn retry_job(&self, act: &Act, id: &JobId) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let now = store.now().micros();
            let mut tx = store.begin(&act).await?;
            tx.needs_operator().await?;
            let row = sqlx::query(
                "UPDATE jobs SET run_at = $1 WHERE id = $2 AND (lease_until IS NULL OR lease_until <= $1) \
                 AND (run_at > $1 OR (run_at IS NULL AND outcome = 'failed')) RETURNING queue",
            )
            .bind(now)
            .bind(id.to_string())
            .fetch_optional(tx.on())
            .await?
            .ok_or(Error::NotFound)?;
            let target = Target::new("job", &id, row.text("queue")?);
            tx.record(NewEvent::of_system(Action::JobRetried, target)).await?;
            tx.enqueued = true;
            tx.commit().await
        })
        .await
    }
}
