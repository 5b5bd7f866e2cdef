//! Leases: who does a job now, and what became of it.

use std::time::Duration;

use sqlx::{Any, AssertSqlSafe, any::AnyArguments, query::Query};

use super::super::{Location, Store, detached, row::Read};
use crate::{
    Error, Result,
    audit::{Act, Actor},
    id::JobId,
    job::{LeasedJob, Outcome, Retries},
};

/// What is kept of why an attempt failed, in characters.
const ERROR: usize = 500;

impl Store {
    /// Takes the job of a queue that is due the longest, for so long. Of two workers that ask at once each gets another,
    /// or none: it is one statement, and on PostgreSQL it passes over what another takes at the moment.
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

    /// Holds a lease for so long from now on; `false` if it is another's by now.
    pub async fn extend_lease(&self, job: &LeasedJob, lease: Duration) -> Result<bool> {
        let until = (self.now() + lease).micros();
        self.settle(job, "lease_until = $3", |query| query.bind(until)).await
    }

    /// Gives a job back that was begun and not ended, as if it had not been begun: it is due at once.
    pub async fn hand_back_job(&self, job: &LeasedJob) -> Result<bool> {
        self.settle(job, "lease_until = NULL, attempts = attempts - 1", |query| query).await
    }

    /// Notes that a job is done; `false` if its lease is another's by now.
    pub async fn finish_job(&self, job: &LeasedJob) -> Result<bool> {
        self.end_job(job, Outcome::Done, None).await
    }

    /// Notes why an attempt failed. The job is tried again after a while, or has failed for good.
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

    /// Changes a job in the name of its lease, if that is still the last one.
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
