//! Leases of jobs, and their outcomes.

use std::time::Duration;

use sqlx::{Any, AssertSqlSafe, any::AnyArguments, query::Query};

use super::super::{Location, Store, detached, row::Read};
use crate::{
    Error, Result,
    audit::{Act, Actor},
    id::JobId,
    job::{LeasedJob, Outcome, Retries},
};

/// The maximum length of a stored error, in characters.
const ERROR: usize = 500;

impl Store {
    /// Leases the job of a queue that has been due longest. Of two workers that call this at once each gets a
    /// different job, or none: it is one statement, and on PostgreSQL it skips rows that are locked.
    pub async fn lease_job(&self, queue: &'static str, lease: Duration) -> Result<Option<LeasedJob>> {
        let skip = match self.0.location {
            Location::Sqlite(_) => "",
            Location::Postgres(_) => "FOR UPDATE SKIP LOCKED",
        };
        let sql = format!(
            "UPDATE jobs SET lease_until = $3, leases = leases + 1, attempts = attempts + 1 WHERE id = \
             (SELECT id FROM jobs WHERE queue = $1 AND run_at <= $2 AND (lease_until IS NULL OR lease_until <= $2) \
              ORDER BY run_at, id LIMIT 1 {skip}) \
             RETURNING id, payload, attempts, every, leases"
        );
        let store = self.clone();
        detached(async move {
            let now = store.now();
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let query = sqlx::query(AssertSqlSafe(sql)).bind(queue).bind(now.micros()).bind((now + lease).micros());
            let row = query.fetch_optional(tx.on()).await?;
            tx.commit_counts().await?;
            row.as_ref().map(leased).transpose()
        })
        .await
    }

    /// Extends a lease to this long from now; `false` if it was lost to another worker.
    pub async fn extend_lease(&self, job: &LeasedJob, lease: Duration) -> Result<bool> {
        let until = (self.now() + lease).micros();
        self.settle(job, "lease_until = $3", |query| query.bind(until)).await
    }

    /// Returns an unfinished job to the queue without counting the attempt: it is due at once.
    pub async fn hand_back_job(&self, job: &LeasedJob) -> Result<bool> {
        self.settle(job, "lease_until = NULL, attempts = attempts - 1", |query| query).await
    }

    /// Marks a job as done; `false` if its lease was lost to another worker.
    pub async fn finish_job(&self, job: &LeasedJob) -> Result<bool> {
        self.end_job(job, Outcome::Done, None).await
    }

    /// Records why an attempt failed. The job is retried later, or has failed for good.
    pub async fn fail_job(&self, job: &LeasedJob, why: &str, retries: &Retries) -> Result<bool> {
        let why: String = why.chars().take(ERROR).collect();
        if job.attempts >= retries.limit {
            return self.end_job(job, Outcome::Failed, Some(why)).await;
        }
        let next = (self.now() + retries.delay(job.attempts, self.entropy())).micros();
        self.settle(job, "lease_until = NULL, run_at = $3, error = $4", |query| query.bind(next).bind(why)).await
    }

    async fn end_job(&self, job: &LeasedJob, outcome: Outcome, error: Option<String>) -> Result<bool> {
        let now = self.now();
        let next = job.every.map(|every| (now + every).micros());
        let set = "lease_until = NULL, attempts = 0, run_at = $3, outcome = $4, ended_at = $5, error = $6";
        let (outcome, now) = (outcome.as_str(), now.micros());
        self.settle(job, set, |query| query.bind(next).bind(outcome).bind(now).bind(error)).await
    }

    /// Changes a job if this lease is still the current one.
    async fn settle(
        &self,
        job: &LeasedJob,
        set: &str,
        bind: impl FnOnce(Query<'static, Any, AnyArguments>) -> Query<'static, Any, AnyArguments>,
    ) -> Result<bool> {
        let sql = format!("UPDATE jobs SET {set} WHERE id = $1 AND leases = $2 AND lease_until IS NOT NULL");
        let query = bind(sqlx::query(AssertSqlSafe(sql)).bind(job.id.to_string()).bind(job.lease));
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let held = query.execute(tx.on()).await?.rows_affected() == 1;
            tx.commit_counts().await?;
            Ok(held)
        })
        .await
    }
}

fn leased(row: &impl Read) -> Result<LeasedJob> {
    let payload = serde_json::from_str(&row.text("payload")?);
    Ok(LeasedJob {
        id: JobId::stored(row.text("id")?),
        payload: payload.map_err(|error| Error::Unavailable(format!("a job's payload is damaged: {error}")))?,
        attempts: u32::try_from(row.int("attempts")?).unwrap_or(u32::MAX),
        every: row.int_opt("every")?.and_then(|every| u64::try_from(every).ok()).map(Duration::from_micros),
        lease: row.int("leases")?,
    })
}
