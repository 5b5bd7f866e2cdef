//! The queue of jobs: written in the transaction that causes them, leased by workers, retried, and deleted some time
//! after they end.
//!
//! Our own, because no crate fits: underway, sqlxmq and apalis-postgres support PostgreSQL only; apalis uses a
//! different crate and schema for SQLite. All of them need a connection of the specific database instead of
//! `sqlx::Any`, whose transactions our writes use, and take the time from the database instead of our clock.

mod leases;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

use tokio::sync::watch;

use super::{
    Store, detached,
    old_rows::Old,
    row::Read,
    rows::{Cell, MOST_ROWS},
    tx::Tx,
};
use crate::{
    Result,
    audit::{Act, Actor},
    id::JobId,
    job::{JobStatus, NewJob, Outcome},
};

/// How long a job is kept after its end.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Wakes the workers of this process: a job may be due.
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
    /// Adds a job, which exists if this transaction commits. A recurring job that exists already continues with the
    /// interval given here.
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

    /// Adds many jobs that run once. Returns the ids of those that did not exist already.
    pub(super) async fn enqueue_once(&mut self, jobs: &[NewJob]) -> Result<BTreeSet<String>> {
        let (store, now, mut added) = (self.store().clone(), self.now().micros(), BTreeSet::new());
        for some in jobs.chunks(MOST_ROWS) {
            let row = |job: &NewJob| -> [Cell; 5] {
                let (id, queue) = (job.id.to_string(), job.queue.to_owned());
                [id.into(), queue.into(), job.payload.to_string().into(), now.into(), job.run_at.micros().into()]
            };
            let statement = "INSERT INTO jobs (id, queue, payload, created_at, run_at) \
                SELECT v.id, v.queue, v.payload, v.created_at, v.run_at FROM v WHERE v.n > 0 \
                ON CONFLICT DO NOTHING RETURNING id";
            let columns = ["id", "queue", "payload", "created_at", "run_at"];
            let rows = store.with_rows(columns, some.iter().map(row).collect(), statement);
            for row in rows.fetch_all(self.on()).await? {
                added.insert(row.text("id")?);
            }
        }
        self.enqueued |= !added.is_empty();
        Ok(added)
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

    /// Changes whenever this process adds a job. Workers find jobs of other processes, and those that become due, by
    /// polling [`Store::due_queues`].
    pub fn job_doorbell(&self) -> watch::Receiver<()> {
        self.0.doorbell.0.subscribe()
    }

    /// Which of these queues have a job that can be leased now. Takes no lock and writes nothing.
    pub async fn due_queues(&self, queues: &[&'static str]) -> Result<Vec<String>> {
        let now = self.now().micros();
        let rows: Vec<_> = queues.iter().map(|queue| [(*queue).to_owned().into(), now.into()]).collect();
        let due = self.with_rows(
            ["queue", "now"],
            rows,
            "SELECT v.queue FROM v WHERE v.n > 0 AND EXISTS (SELECT 1 FROM jobs j WHERE j.queue = v.queue \
             AND j.run_at <= v.now AND (j.lease_until IS NULL OR j.lease_until <= v.now))",
        );
        due.fetch_all(self.read()).await?.iter().map(|row| row.text("queue")).collect()
    }

    /// The status of a job; `None` once it was deleted.
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

    /// Deletes jobs that ended more than a week ago; returns how many.
    pub async fn delete_ended_jobs(&self) -> Result<u64> {
        let old = Old { table: "jobs", key: "id", when: "run_at IS NULL AND ended_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
