//! Turns events into deliveries: a cursor for each log, which moves in the transaction that writes them. What causes an event
//! writes nothing more.

use std::time::Duration;

use sqlx::any::AnyRow;

use super::super::{Store, detached, events, row::Read, rows::Cell, tx::Tx};
use crate::{
    Result,
    audit::{Act, Actor, Event},
    id::{DeliveryId, OrgId, WebhookId},
    webhook::{EventTypes, delivery, event_types},
};

/// Events of a log in one transaction: with the most endpoints, a thousand deliveries.
const BATCH: i64 = 50;

/// Logs that are looked at in one query.
const CHAINS: i64 = 100;

/// A limit is told once for each key in this time.
const ONCE: Duration = Duration::from_secs(60 * 60);

const COLUMNS: [&str; 9] = ["id", "webhook_id", "org_id", "seq", "event", "subject", "body", "created_at", "next_at"];

/// Rows of a statement: SQLite accepts 32,766 values.
const ROWS: usize = 128;

/// An endpoint, as far as it matters which events it is told.
struct Listener {
    id: WebhookId,
    environment: String,
    events: EventTypes,
    since: i64,
    seq: i64,
}

fn listener(row: &AnyRow) -> Result<Listener> {
    Ok(Listener {
        id: WebhookId::stored(row.text("id")?),
        environment: row.text("environment")?,
        events: EventTypes::stored(&row.text("events")?),
        since: row.int("since")?,
        seq: row.int("seq")?,
    })
}

impl Store {
    /// Turns the events that are there into deliveries. A log that can't be read does not keep the others waiting; this fails
    /// all the same, so that it is seen.
    pub async fn fan_out_events(&self) -> Result<()> {
        loop {
            let behind = sqlx::query(sqlx::AssertSqlSafe(format!(
                "SELECT w.chain FROM webhook_cursors w JOIN chains c ON c.name = w.chain WHERE c.seq > w.seq \
                 ORDER BY w.chain LIMIT {CHAINS}"
            )));
            let behind = behind.fetch_all(self.read()).await?;
            let mut failed = None;
            for row in &behind {
                failed = self.fan_out_some(row.text("chain")?).await.err().or(failed);
            }
            match failed {
                Some(error) => return Err(error),
                None if behind.is_empty() => return Ok(()),
                None => {}
            }
        }
    }

    async fn fan_out_some(&self, chain: String) -> Result<()> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            // Another process that does the same waits here.
            let cursor = sqlx::query("UPDATE webhook_cursors SET seq = seq WHERE chain = $1 RETURNING seq");
            let cursor = cursor.bind(chain.clone()).fetch_one(tx.on()).await?.int("seq")?;
            let head = sqlx::query("SELECT seq FROM chains WHERE name = $1").bind(chain.clone());
            let head = head.fetch_one(tx.on()).await?.int("seq")?;
            // Locked: their deliveries are numbered here.
            let query = sqlx::query(
                "UPDATE webhooks SET seq = seq WHERE org_id = $1 AND active = 1 AND sealed IS NOT NULL RETURNING *",
            );
            let rows = query.bind(chain.clone()).fetch_all(tx.on()).await?;
            let mut listeners = rows.iter().map(listener).collect::<Result<Vec<_>>>()?;
            let mut until = head;
            if !listeners.is_empty() {
                let events = tx.events_with_environment(&chain, cursor, head).await?;
                // Numbers without an event, which was deleted, are not waited for.
                if events.len() as i64 == BATCH {
                    until = events.last().map_or(head, |(last, _)| last.seq);
                }
                tx.write_deliveries(&chain, &events, &mut listeners).await?;
            }
            sqlx::query("UPDATE webhook_cursors SET seq = $2 WHERE chain = $1")
                .bind(chain)
                .bind(until)
                .execute(tx.on())
                .await?;
            tx.commit_counts().await
        })
        .await
    }
}

impl Tx {
    async fn events_with_environment(
        &mut self,
        chain: &str,
        after: i64,
        until: i64,
    ) -> Result<Vec<(Event, Option<String>)>> {
        let sql = format!(
            "SELECT e.*, (SELECT k.environment FROM keys k WHERE k.id = e.target_id AND k.org_id = e.chain) AS of_key \
             FROM events e WHERE e.chain = $1 AND e.seq > $2 AND e.seq <= $3 ORDER BY e.seq LIMIT {BATCH}"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(chain.to_owned()).bind(after).bind(until);
        let rows = query.fetch_all(self.on()).await?;
        rows.iter().map(|row| Ok((events::event(row)?, row.text_opt("of_key")?))).collect()
    }

    async fn write_deliveries(
        &mut self,
        chain: &str,
        events: &[(Event, Option<String>)],
        listeners: &mut [Listener],
    ) -> Result<()> {
        let (now, profile) = (self.now(), self.profile().clone());
        let mut rows: Vec<[Cell; 9]> = Vec::new();
        for (event, of_key) in events {
            let Some(name) = event_types::of(event) else { continue };
            let environment = delivery::environment_of(event, of_key.clone(), &profile);
            for listener in listeners.iter_mut() {
                let concerns = environment.as_ref().is_none_or(|name| *name == listener.environment);
                if event.seq <= listener.since || !concerns || !listener.events.contain(name) {
                    continue;
                }
                let once = name == event_types::LIMIT_REACHED;
                let told = |row: &[Cell; 9]| {
                    let same = |cell: &Cell, text: &str| matches!(cell, Cell::Text(Some(other)) if other == text);
                    same(&row[1], listener.id.as_str()) && same(&row[4], name) && same(&row[5], &event.target_id)
                };
                if once && (rows.iter().any(told) || self.was_told_lately(&listener.id, name, &event.target_id).await?)
                {
                    continue;
                }
                listener.seq += 1;
                rows.push([
                    DeliveryId::mint(self.store().entropy()).to_string().into(),
                    listener.id.to_string().into(),
                    chain.to_owned().into(),
                    listener.seq.into(),
                    name.to_owned().into(),
                    event.target_id.clone().into(),
                    delivery::body(name, event, environment.as_deref(), listener.seq).into(),
                    now.micros().into(),
                    now.micros().into(),
                ]);
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        for listener in listeners.iter() {
            let counted = sqlx::query("UPDATE webhooks SET seq = $2 WHERE id = $1");
            counted.bind(listener.id.to_string()).bind(listener.seq).execute(self.on()).await?;
        }
        self.insert_deliveries(rows).await
    }

    async fn insert_deliveries(&mut self, rows: Vec<[Cell; 9]>) -> Result<()> {
        let columns = COLUMNS.join(", ");
        let statement = format!(
            "INSERT INTO deliveries ({columns}, status, attempts) SELECT {columns}, 'pending', 0 FROM v WHERE v.n > 0"
        );
        for rows in rows.chunks(ROWS) {
            self.store().clone().with_rows(COLUMNS, rows.to_vec(), &statement).execute(self.on()).await?;
        }
        Ok(())
    }

    async fn was_told_lately(&mut self, webhook: &WebhookId, name: &str, subject: &str) -> Result<bool> {
        let since = self.now() - ONCE;
        let query = sqlx::query(
            "SELECT 1 FROM deliveries WHERE webhook_id = $1 AND event = $2 AND subject = $3 AND created_at > $4 LIMIT 1",
        );
        let query = query.bind(webhook.to_string()).bind(name.to_owned()).bind(subject.to_owned()).bind(since.micros());
        Ok(query.fetch_optional(self.on()).await?.is_some())
    }

    /// A delivery beside those of events, to a locked endpoint.
    pub(super) async fn insert_test(
        &mut self,
        org: &OrgId,
        webhook: &WebhookId,
        environment: &str,
    ) -> Result<DeliveryId> {
        let counted = sqlx::query("UPDATE webhooks SET seq = seq + 1 WHERE id = $1 RETURNING seq");
        let seq = counted.bind(webhook.to_string()).fetch_one(self.on()).await?.int("seq")?;
        let (id, now) = (DeliveryId::mint(self.store().entropy()), self.now());
        let row = [
            id.to_string().into(),
            webhook.to_string().into(),
            org.to_string().into(),
            seq.into(),
            event_types::TEST.to_owned().into(),
            webhook.to_string().into(),
            delivery::test_body(org, environment, seq, now).into(),
            now.micros().into(),
            now.micros().into(),
        ];
        self.insert_deliveries(vec![row]).await?;
        Ok(id)
    }
}
