//! What waits in the database to be done: jobs, mail, webhooks, events for the collector. Read over and over, so each query
//! reads what waits and not what was.

use super::{Forwarding, MailFacts, Store, row::Read};
use crate::{Result, Timestamp};

/// The jobs of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueBacklog {
    pub queue: String,
    /// Those that could run now.
    pub due: i64,
    pub running: i64,
    /// Those that are due later.
    pub scheduled: i64,
    /// Those that failed for good within the last week; older ones are deleted.
    pub failed: i64,
    /// Since when the first of those that could run waits.
    pub due_since: Option<Timestamp>,
}

/// Everything that waits.
#[derive(Clone, Debug)]
pub struct Backlogs {
    pub queues: Vec<QueueBacklog>,
    pub mail: MailFacts,
    /// What is still to be sent to endpoints.
    pub deliveries: i64,
    /// When the first of them was to be sent, or will be.
    pub next_delivery: Option<Timestamp>,
    /// Endpoints of which the last attempt failed, and those that the portal stopped.
    pub failing_endpoints: i64,
    pub stopped_endpoints: i64,
    /// Events that were not turned into deliveries yet.
    pub events_to_deliver: i64,
    /// `None` if events are not sent to a collector.
    pub forwarding: Option<Forwarding>,
}

impl Store {
    pub async fn backlogs(&self) -> Result<Backlogs> {
        let waiting =
            sqlx::query("SELECT COUNT(*) AS pending, MIN(next_at) AS next FROM deliveries WHERE next_at IS NOT NULL");
        let waiting = waiting.fetch_one(self.read()).await?;
        let endpoints = sqlx::query(
            "SELECT COUNT(CASE WHEN active = 1 AND failing_since IS NOT NULL THEN 1 END) AS failing, \
             COUNT(CASE WHEN stopped IS NOT NULL THEN 1 END) AS stopped FROM webhooks",
        );
        let endpoints = endpoints.fetch_one(self.read()).await?;
        let behind = sqlx::query(
            "SELECT CAST(COALESCE(SUM(c.seq - w.seq), 0) AS BIGINT) AS n FROM webhook_cursors w \
             JOIN chains c ON c.name = w.chain WHERE c.seq > w.seq",
        );
        Ok(Backlogs {
            queues: self.queue_backlogs().await?,
            mail: self.mail_facts().await?,
            deliveries: waiting.int("pending")?,
            next_delivery: waiting.time_opt("next")?,
            failing_endpoints: endpoints.int("failing")?,
            stopped_endpoints: endpoints.int("stopped")?,
            events_to_deliver: behind.fetch_one(self.read()).await?.int("n")?,
            forwarding: self.forwarding().await?,
        })
    }

    async fn queue_backlogs(&self) -> Result<Vec<QueueBacklog>> {
        let rows = sqlx::query(
            "SELECT queue, \
             COUNT(CASE WHEN run_at <= $1 AND (lease_until IS NULL OR lease_until <= $1) THEN 1 END) AS due, \
             COUNT(CASE WHEN lease_until > $1 THEN 1 END) AS running, \
             COUNT(CASE WHEN run_at > $1 AND (lease_until IS NULL OR lease_until <= $1) THEN 1 END) AS scheduled, \
             COUNT(CASE WHEN outcome = 'failed' AND (run_at IS NULL OR attempts = 0) THEN 1 END) AS failed, \
             MIN(CASE WHEN run_at <= $1 AND (lease_until IS NULL OR lease_until <= $1) THEN run_at END) AS due_since \
             FROM jobs WHERE run_at IS NOT NULL OR outcome = 'failed' GROUP BY queue ORDER BY queue",
        );
        let rows = rows.bind(self.now().micros()).fetch_all(self.read()).await?;
        let queue = |row: &sqlx::any::AnyRow| {
            Ok(QueueBacklog {
                queue: row.text("queue")?,
                due: row.int("due")?,
                running: row.int("running")?,
                scheduled: row.int("scheduled")?,
                failed: row.int("failed")?,
                due_since: row.time_opt("due_since")?,
            })
        };
        rows.iter().map(queue).collect()
    }
}
