//! The queue of jobs: written in the transaction that causes them, leased by workers, tried again, and deleted once they
//! ended long ago.
//!
//! It is ours because no crate fits: underway, sqlxmq and apalis-postgres speak to PostgreSQL alone, apalis has another
//! crate with another schema for SQLite, and all of them want the connection of one database and not of `sqlx::Any`, in
//! whose transactions our writes are, and tell the time by the database and not by our clock.

mod leases;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::sync::watch;

use super::{Store, detached, old_rows::Old, row::Read, rows::with_rows, tx::Tx};
use crate::{
    Result,
    audit::{Act, Actor},
    id::JobId,
    job::{JobStatus, NewJob, Outcome},
};

/// How long a job is kept after its end.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What workers of this process wait for: a job may be due now.
pub(super) struct Doorbell(watch::Sender<()>);

impl Default for Doorbell {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Doorbell {
    pub(super) fn ring(&self) {
        self.0.send_replace(());
    }
}

impl Tx {
    /// Adds a job, which exists if this transaction is committed. What recurs and is there already goes on at the pace
    /// that is given here.
    pub(super) async fn enqueue(&mut self, job: NewJob) -> Result<()> {
        let now = self.now().micros();
        let insert = sqlx::query(
            "INSERT INTO jobs (id, queue, payload, created_at, run_at, every) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (id) DO UPDATE SET every = excluded.every, run_at = excluded.run_at \
             WHERE jobs.every <> excluded.every",
        );
        insert
            .bind(job.id.to_string())
            .bind(job.queue)
            .bind(job.payload.to_string())
            .bind(now)
            .bind(job.run_at.micros())
            .bind(job.every.map(micros))
            .execute(self.on())
            .await?;
        self.enqueued = true;
        Ok(())
    }
}

impl Store {
    /// Adds jobs that no other write causes, all or none.
    pub async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<()> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            for job in jobs {
                tx.enqueue(job).await?;
            }
            tx.commit_counts().await
        })
        .await
    }

    /// Changes whenever this process added a job. What another process added, and what is due by the time, is found by
    /// asking [`Store::due_queues`] from time to time.
    pub fn job_doorbell(&self) -> watch::Receiver<()> {
        self.0.doorbell.0.subscribe()
    }

    /// Which of these queues have a job that may be leased now. Takes no lock and writes nothing.
    pub async fn due_queues(&self, queues: &[&'static str]) -> Result<Vec<String>> {
        let now = self.now().micros();
        let rows: Vec<_> = queues.iter().map(|queue| [(*queue).to_owned().into(), now.into()]).collect();
        let due = with_rows(
            ["queue", "now"],
            rows,
            "SELECT v.queue FROM v WHERE v.n > 0 AND EXISTS (SELECT 1 FROM jobs j WHERE j.queue = v.queue \
             AND j.run_at <= v.now AND (j.lease_until IS NULL OR j.lease_until <= v.now))",
        );
        due.fetch_all(self.read()).await?.iter().map(|row| row.text("queue")).collect()
    }

    /// What is known of a job; nothing once it was deleted.
    pub async fn job(&self, id: &JobId) -> Result<Option<JobStatus>> {
        let row = sqlx::query("SELECT run_at, lease_until, attempts, outcome, error FROM jobs WHERE id = $1");
        let Some(row) = row.bind(id.to_string()).fetch_optional(self.read()).await? else { return Ok(None) };
        Ok(Some(JobStatus {
            run_at: row.time_opt("run_at")?,
            lease_until: row.time_opt("lease_until")?,
            attempts: u32::try_from(row.int("attempts")?).unwrap_or(u32::MAX),
            outcome: row.text_opt("outcome")?.and_then(|word| Outcome::parse(&word)),
            error: row.text_opt("error")?,
        }))
    }

    /// Deletes jobs that ended a week ago; how many those were.
    pub async fn delete_ended_jobs(&self) -> Result<u64> {
        let old = Old { table: "jobs", key: "id", when: "run_at IS NULL AND ended_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
