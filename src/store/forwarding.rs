//! Which events the collector does not have yet. A cursor for each chain: chains number their events, the portal does not.

use std::time::Duration;

use sqlx::any::AnyRow;

use super::{Store, detached, events::event, row::Read, rows::Cell};
use crate::{
    Result, Timestamp,
    audit::{Act, Actor, export::Exported},
};

/// Events sent at once, and chains of which they may be.
const BATCH: i64 = 200;
const CHAINS: i64 = 100;

/// The next events to send, of several chains.
#[derive(Debug, Default)]
pub struct ForwardBatch {
    /// In the order of each chain.
    pub events: Vec<Exported>,
    /// How far each chain is sent with them.
    until: Vec<(String, i64)>,
}

impl ForwardBatch {
    /// Whether the collector has everything that this asked for.
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }

    /// The chain after which the next batch begins, so that a busy chain does not keep the others waiting.
    pub fn last_chain(&self) -> &str {
        self.until.last().map_or("", |(chain, _)| chain)
    }
}

/// What is sent where, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    pub collector: String,
    pub since: Timestamp,
    /// Changes are refused once an event waits longer.
    pub refuse_after: Option<Duration>,
    pub sent_at: Option<Timestamp>,
    pub failed_at: Option<Timestamp>,
    /// The last failure.
    pub error: Option<String>,
    /// The events that wait.
    pub waiting: i64,
    /// The time of the oldest of them.
    pub oldest: Option<Timestamp>,
}

impl Forwarding {
    /// Whether the last attempt failed.
    pub fn is_failing(&self) -> bool {
        self.failed_at.is_some_and(|failed| self.sent_at.is_none_or(|sent| sent < failed))
    }

    /// When changes are refused if nothing is sent until then.
    pub fn refuses_from(&self) -> Option<Timestamp> {
        self.oldest.zip(self.refuse_after).map(|(oldest, after)| oldest.max(self.since) + after)
    }
}

const BEHIND: &str = "FROM chains c LEFT JOIN forwarded f ON f.chain = c.name WHERE c.seq > COALESCE(f.seq, 0)";

impl Store {
    /// The server sends events to this collector from now on.
    pub async fn begin_forwarding(&self, collector: &str, refuse_after: Option<Duration>) -> Result<()> {
        self.require_collector(refuse_after.is_some());
        let after = refuse_after.map(|after| i64::try_from(after.as_micros()).unwrap_or(i64::MAX));
        let query = sqlx::query(
            "INSERT INTO forwarding (id, collector, since, refuse_after) VALUES (1, $1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET collector = excluded.collector, refuse_after = excluded.refuse_after",
        );
        self.note_forwarding(query.bind(collector.to_owned()).bind(self.now().micros()).bind(after)).await
    }

    /// The server sends no events. What was sent stays noted: the next collector gets what came later.
    pub async fn end_forwarding(&self) -> Result<()> {
        self.require_collector(false);
        if sqlx::query("SELECT 1 FROM forwarding").fetch_optional(self.read()).await?.is_none() {
            return Ok(());
        }
        self.note_forwarding(sqlx::query("DELETE FROM forwarding")).await
    }

    /// The next events after those that were sent, of chains after this one; `""` for all.
    pub async fn events_to_forward(&self, after_chain: &str) -> Result<ForwardBatch> {
        let sql = format!(
            "SELECT c.name, c.seq, COALESCE(f.seq, 0) AS sent {BEHIND} AND c.name > $1 ORDER BY c.name LIMIT {CHAINS}"
        );
        let chains = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(after_chain.to_owned()).fetch_all(self.read()).await?;
        let mut batch = ForwardBatch::default();
        for chain in &chains {
            let room = BATCH - i64::try_from(batch.events.len()).unwrap_or(BATCH);
            if room <= 0 {
                break;
            }
            let (name, head) = (chain.text("name")?, chain.int("seq")?);
            let rows =
                sqlx::query("SELECT * FROM events WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4")
                    .bind(name.clone())
                    .bind(chain.int("sent")?)
                    .bind(head)
                    .bind(room)
                    .fetch_all(self.read())
                    .await?;
            let exported = |row: &AnyRow| Ok(Exported { event: event(row)?, hash: row.bytes("hash")? });
            let mut events = rows.iter().map(exported).collect::<Result<Vec<_>>>()?;
            let is_full = events.len() as i64 == room;
            // Numbers without an event, which was deleted, are not waited for.
            let until = events.last().filter(|_| is_full).map_or(head, |last| last.event.seq);
            batch.events.append(&mut events);
            batch.until.push((name, until));
        }
        Ok(batch)
    }

    /// Notes that the collector took these events.
    pub async fn forwarded(&self, batch: ForwardBatch) -> Result<()> {
        let (store, now) = (self.clone(), self.now().micros());
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let rows: Vec<[Cell; 2]> = batch.until.into_iter().map(|(chain, seq)| [chain.into(), seq.into()]).collect();
            let statement = "INSERT INTO forwarded (chain, seq) SELECT chain, seq FROM v WHERE v.n > 0 \
                 ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq WHERE forwarded.seq < excluded.seq";
            store.with_rows(["chain", "seq"], rows, statement).execute(tx.on()).await?;
            sqlx::query("UPDATE forwarding SET sent_at = $1").bind(now).execute(tx.on()).await?;
            tx.commit_counts().await
        })
        .await
    }

    /// Notes why the collector took nothing.
    pub async fn forwarding_failed(&self, why: &str) -> Result<()> {
        let query = sqlx::query("UPDATE forwarding SET failed_at = $1, error = $2");
        self.note_forwarding(query.bind(self.now().micros()).bind(why.to_owned())).await
    }

    async fn note_forwarding(
        &self,
        query: sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<()> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            query.execute(tx.on()).await?;
            tx.commit_counts().await
        })
        .await
    }

    /// The state of forwarding; `None` if the server sends no events.
    pub async fn forwarding(&self) -> Result<Option<Forwarding>> {
        let Some(row) = sqlx::query("SELECT * FROM forwarding").fetch_optional(self.read()).await? else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(c.seq - COALESCE(f.seq, 0)), 0) AS BIGINT) AS waiting, \
             MIN((SELECT e.at FROM events e WHERE e.chain = c.name AND e.seq > COALESCE(f.seq, 0) ORDER BY e.seq LIMIT 1)) \
             AS oldest {BEHIND}"
        );
        let lag = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_one(self.read()).await?;
        let micros = |after: i64| Duration::from_micros(u64::try_from(after).unwrap_or(0));
        Ok(Some(Forwarding {
            collector: row.text("collector")?,
            since: row.time("since")?,
            refuse_after: row.int_opt("refuse_after")?.map(micros),
            sent_at: row.time_opt("sent_at")?,
            failed_at: row.time_opt("failed_at")?,
            error: row.text_opt("error")?,
            waiting: lag.int("waiting")?,
            oldest: lag.time_opt("oldest")?,
        }))
    }
}
