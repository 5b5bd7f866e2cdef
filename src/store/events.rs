//! Events, read back: a page of an organization's or an app's, and the whole chain to prove it.

use sqlx::{Row, any::AnyRow};

use super::{Store, row::Read};
use crate::{
    Result, Timestamp,
    audit::{Event, Outcome, SYSTEM},
    id::{AppId, OrgId},
};

/// Which events to show. Empty words ask for nothing.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    pub actor: String,
    pub action: String,
    /// `done` or `refused`.
    pub outcome: String,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Sequence numbers of an [`EventPage`]: the events before, or after.
    pub before: Option<i64>,
    pub after: Option<i64>,
}

/// A page of events, newest first.
#[derive(Clone, Debug)]
pub struct EventPage {
    pub events: Vec<Event>,
    pub newer: Option<i64>,
    pub older: Option<i64>,
}

const PAGE: i64 = 50;

fn event(row: &AnyRow) -> Result<Event> {
    Ok(Event {
        chain: row.text("chain")?,
        seq: row.int("seq")?,
        at: row.time("at")?,
        actor_kind: row.text("actor_kind")?,
        actor_id: row.text("actor_id")?,
        actor_name: row.text("actor_name")?,
        action: row.text("action")?,
        target_kind: row.text("target_kind")?,
        target_id: row.text("target_id")?,
        target_name: row.text("target_name")?,
        app_id: row.text_opt("app_id")?,
        outcome: Outcome::from_code(row.int("outcome")?),
        address: row.text_opt("address")?,
        user_agent: row.text_opt("user_agent")?,
        request_id: row.text_opt("request_id")?,
        details: row.text("details")?,
    })
}

impl Store {
    /// The events of an organization, or of one of its apps.
    pub async fn events(&self, org: &OrgId, app: Option<&AppId>, filter: &EventFilter) -> Result<EventPage> {
        self.events_in(org.as_str(), app, filter).await
    }

    /// The events that belong to no organization: accounts, passwords and sessions.
    pub async fn system_events(&self, filter: &EventFilter) -> Result<EventPage> {
        self.events_in(SYSTEM, None, filter).await
    }

    async fn events_in(&self, chain: &str, app: Option<&AppId>, filter: &EventFilter) -> Result<EventPage> {
        let backwards = filter.after.is_some();
        let edge = filter.after.or(filter.before).unwrap_or(i64::MAX);
        let of_app = if app.is_some() { "app_id = $2" } else { "$2 = ''" };
        let (compare, order) = if backwards { (">", "ASC") } else { ("<", "DESC") };
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT * FROM events WHERE chain = $1 AND {of_app} AND seq {compare} $3 \
             AND ($4 = '' OR actor_name = $4) AND ($5 = '' OR action = $5) \
             AND ($6 = '' OR ($6 = 'done' AND outcome = 0) OR ($6 = 'refused' AND outcome > 0)) \
             AND at >= $7 AND at < $8 ORDER BY seq {order} LIMIT {}",
            PAGE + 1
        ));
        let mut rows = sqlx::query(sql)
            .bind(chain.to_owned())
            .bind(app.map(ToString::to_string).unwrap_or_default())
            .bind(edge)
            .bind(filter.actor.clone())
            .bind(filter.action.clone())
            .bind(filter.outcome.clone())
            .bind(filter.from.map_or(i64::MIN, Timestamp::micros))
            .bind(filter.to.map_or(i64::MAX, Timestamp::micros))
            .fetch_all(self.read())
            .await?;
        let more = rows.len() > PAGE as usize;
        rows.truncate(PAGE as usize);
        if backwards {
            rows.reverse();
        }
        let events = rows.iter().map(event).collect::<Result<Vec<_>>>()?;
        let (has_newer, has_older) = if backwards { (more, true) } else { (filter.before.is_some(), more) };
        let newer = events.first().filter(|_| has_newer).map(|event| event.seq);
        let older = events.last().filter(|_| has_older).map(|event| event.seq);
        Ok(EventPage { events, newer, older })
    }

    /// Who acted last in an organization, or on one of its apps: what the filter offers.
    pub async fn actors(&self, org: &OrgId, app: Option<&AppId>) -> Result<Vec<String>> {
        let of_app = if app.is_some() { "app_id = $2" } else { "$2 = ''" };
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT DISTINCT actor_name FROM (SELECT actor_name FROM events WHERE chain = $1 AND {of_app} \
             ORDER BY seq DESC LIMIT 5000) AS newest ORDER BY actor_name LIMIT 200"
        ));
        let rows = sqlx::query(sql)
            .bind(org.to_string())
            .bind(app.map(ToString::to_string).unwrap_or_default())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(|row| row.text("actor_name")).collect()
    }

    /// Reads a chain from its start; the number of events if every hash holds, else the first that does not.
    pub async fn check_chain(&self, chain: &str) -> Result<Result<i64, i64>> {
        let rows = sqlx::query("SELECT * FROM events WHERE chain = $1 ORDER BY seq")
            .bind(chain.to_owned())
            .fetch_all(self.read())
            .await?;
        let (mut before, mut seq) = (Vec::new(), 0);
        for row in &rows {
            let event = event(row)?;
            let hash: Vec<u8> = row.try_get("hash")?;
            seq += 1;
            if event.seq != seq || event.hash(&before) != *hash {
                return Ok(Err(seq));
            }
            before = hash;
        }
        let head = sqlx::query("SELECT seq, hash FROM chains WHERE name = $1")
            .bind(chain.to_owned())
            .fetch_one(self.read())
            .await?;
        let whole = head.int("seq")? == seq && head.bytes("hash")? == before;
        Ok(if whole { Ok(seq) } else { Err(seq + 1) })
    }

    /// The names of all chains.
    pub async fn chains(&self) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT name FROM chains ORDER BY name").fetch_all(self.read()).await?;
        rows.iter().map(|row| row.text("name")).collect()
    }
}
