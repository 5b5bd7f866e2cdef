//! Reads events: pages of an organization's or an app's events.

use sqlx::any::AnyRow;

use super::{EventFilter, Store, actors::ActorFilter, paging::Paged, row::Read};
use crate::{
    Error, Result, Timestamp,
    audit::{Event, Outcome, SYSTEM, Salts},
    id::{AppId, OrgId},
};

/// A page of events, newest first.
#[derive(Clone, Debug)]
pub struct EventPage {
    pub events: Vec<Event>,
    pub newer: Option<i64>,
    pub older: Option<i64>,
}

const PAGE: i64 = 50;

pub(super) fn event(row: &AnyRow) -> Result<Event> {
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
        salts: salts(row.bytes_opt("salts")?)?,
    })
}

fn salts(stored: Option<Vec<u8>>) -> Result<Salts> {
    let damaged = || Error::Unavailable("the salts of an event have the wrong length".to_owned());
    Salts::from_bytes(stored.as_deref()).ok_or_else(damaged)
}

/// Each clause either filters by one field or is `true`: with `$4 = '' OR actor_id = $4` no index would be used, and
/// a rare value in a long chain would scan all of it. Every number is bound, whether its filter is set or not.
fn page_sql(of_app: bool, filter: &EventFilter, limit: i64) -> String {
    let clause = |asked: bool, clause: &'static str, always: &'static str| if asked { clause } else { always };
    let of_app = clause(of_app, "app_id = $2", "$2 = ''");
    let by = clause(!filter.actor.is_empty(), "actor_kind = $9 AND actor_id = $4", "$4 = '' AND $9 = ''");
    let action = clause(!filter.action.is_empty(), "action = $5", "$5 = ''");
    let outcome = match filter.outcome.as_str() {
        "done" => "$6 = 'done' AND outcome = 0",
        // The index contains refusals only.
        "refused" => "$6 = 'refused' AND outcome > 0",
        _ => "$6 = ''",
    };
    let about = clause(!filter.target.is_empty(), "target_id = $11", "$11 = ''");
    let came_from = clause(!filter.address.is_empty(), "address = $13", "$13 = ''");
    let seen = filter.sight.event("events", "$12");
    let until = clause(filter.until.is_some(), "seq <= $10", "$10 = 0");
    let (compare, order) = if filter.after.is_some() { (">", "ASC") } else { ("<", "DESC") };
    format!(
        "SELECT * FROM events WHERE chain = $1 AND {of_app} AND seq {compare} $3 AND {by} AND {about} AND {came_from} AND {action} AND \
         {outcome} AND at >= $7 AND at < $8 AND {until} AND {seen} ORDER BY seq {order} LIMIT {limit}"
    )
}

impl Store {
    /// The events of an organization, or of one of its apps.
    pub async fn events(&self, org: &OrgId, app: Option<&AppId>, filter: &EventFilter) -> Result<EventPage> {
        self.events_of_chain(org.as_str(), app, filter).await
    }

    /// The events that belong to no organization: accounts, passwords and sessions.
    pub async fn system_events(&self, filter: &EventFilter) -> Result<EventPage> {
        self.events_of_chain(SYSTEM, None, filter).await
    }

    /// The matching events from the filter's edge: descending from `before`, or ascending from `after`.
    pub(super) async fn event_rows(
        &self,
        chain: &str,
        app: Option<&AppId>,
        filter: &EventFilter,
        limit: i64,
    ) -> Result<Vec<AnyRow>> {
        let actor = match filter.actor.as_str() {
            "" => ActorFilter::default(),
            text => match self.actor_meant(chain, app, &filter.sight, text).await? {
                Some(actor) => actor,
                None => return Ok(Vec::new()),
            },
        };
        let rows = sqlx::query(sqlx::AssertSqlSafe(page_sql(app.is_some(), filter, limit)))
            .bind(chain.to_owned())
            .bind(app.map(ToString::to_string).unwrap_or_default())
            .bind(filter.after.or(filter.before).unwrap_or(i64::MAX))
            .bind(actor.id)
            .bind(filter.action.clone())
            .bind(filter.outcome.clone())
            .bind(filter.from.map_or(i64::MIN, Timestamp::micros))
            .bind(filter.to.map_or(i64::MAX, Timestamp::micros))
            .bind(actor.kind)
            .bind(filter.until.unwrap_or(0))
            .bind(filter.target.clone())
            .bind(filter.sight.bound())
            .bind(filter.address.clone())
            .fetch_all(self.read())
            .await?;
        Ok(rows)
    }

    /// The events of a chain.
    pub async fn events_of_chain(&self, chain: &str, app: Option<&AppId>, filter: &EventFilter) -> Result<EventPage> {
        let limit = filter.limit.map_or(PAGE, i64::from);
        let rows = self.event_rows(chain, app, filter, limit + 1).await?;
        let page = Paged::of(rows, limit as usize, filter.before.is_some(), filter.after.is_some());
        let [newer, older] = page.edges().map(|row| row.map(|row| row.int("seq")).transpose());
        let (newer, older) = (newer?, older?);
        Ok(EventPage { events: page.rows.iter().map(event).collect::<Result<_>>()?, newer, older })
    }

    /// The names of all chains.
    pub async fn chains(&self) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT name FROM chains ORDER BY name").fetch_all(self.read()).await?;
        rows.iter().map(|row| row.text("name")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestStore;

    /// SQLite's query plan.
    async fn plan(store: &Store, of_app: bool, filter: &EventFilter) -> String {
        let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", page_sql(of_app, filter, PAGE + 1)));
        let query = sqlx::query(sql).bind("org").bind("app").bind(i64::MAX);
        let query = query.bind(filter.actor.clone()).bind(filter.action.clone()).bind(filter.outcome.clone());
        let rows = query
            .bind(0_i64)
            .bind(i64::MAX)
            .bind("user")
            .bind(0_i64)
            .bind("key")
            .bind("")
            .bind("address")
            .fetch_all(store.read())
            .await
            .expect("a plan");
        rows.iter().map(|row| row.text("detail").expect("text")).collect::<Vec<_>>().join("; ")
    }

    #[tokio::test]
    async fn no_filter_walks_the_chain() {
        let store = TestStore::sqlite().await;
        let filter = EventFilter::default;
        for (filter, index) in [
            (filter(), "sqlite_autoindex_events_1 (chain=? AND seq<?)"),
            (
                EventFilter { actor: "usr_x".to_owned(), ..filter() },
                "events_by_actor (chain=? AND actor_kind=? AND actor_id=? AND seq<?)",
            ),
            (
                EventFilter { action: "key.revoked".to_owned(), ..filter() },
                "events_of_action (chain=? AND action=? AND seq<?)",
            ),
            (EventFilter { outcome: "refused".to_owned(), ..filter() }, "events_refused (chain=? AND seq<?)"),
            (
                EventFilter { target: "key_x".to_owned(), ..filter() },
                "events_of_target (chain=? AND target_id=? AND seq<?)",
            ),
            (
                EventFilter { address: "127.0.0.1".to_owned(), ..filter() },
                "events_of_address (chain=? AND address=? AND seq<?)",
            ),
        ] {
            for (filter, index) in [
                (filter.clone(), index.to_owned()),
                (EventFilter { after: Some(7), ..filter }, index.replace("seq<?", "seq>?")),
            ] {
                let plan = plan(&store, false, &filter).await;
                assert_eq!(plan, format!("SEARCH events USING INDEX {index}"), "{filter:?}");
            }
        }
        let of_app = plan(&store, true, &filter()).await;
        assert_eq!(of_app, "SEARCH events USING INDEX events_of_app (app_id=? AND chain=? AND seq<?)");
        store.end().await;
    }
}
