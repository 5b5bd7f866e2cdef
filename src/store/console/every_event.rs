//! The events of all chains, as operators read them.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use super::{
    super::{EventFilter, Store, events::event, paging::Paged, row::Read},
    ConsolePage,
};
use crate::{
    Result, Timestamp,
    audit::{Event, SYSTEM},
};

/// Events on a page.
const PAGE: usize = 50;

/// Where a page begins: a cursor of a [`ConsolePage`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventEdge {
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Each clause either filters by one field or is `true`; every number is bound, whether its filter is set or not.
fn page_sql(filter: &EventFilter, backwards: bool) -> String {
    let clause = |asked: bool, clause: &'static str, always: &'static str| if asked { clause } else { always };
    let by = clause(!filter.actor.is_empty(), "(actor_id = $4 OR actor_kind = $4)", "$4 = ''");
    let action = clause(!filter.action.is_empty(), "action = $5", "$5 = ''");
    let outcome = match filter.outcome.as_str() {
        "done" => "outcome = 0",
        "refused" => "outcome > 0",
        _ => "outcome >= 0",
    };
    let (compare, order) = if backwards { (">", "ASC") } else { ("<", "DESC") };
    format!(
        "SELECT * FROM events WHERE (at, chain, seq) {compare} ($1, $2, $3) AND at >= $6 AND at < $7 AND {by} AND {action} \
         AND {outcome} ORDER BY at {order}, chain {order}, seq {order} LIMIT {}",
        PAGE + 1
    )
}

impl Store {
    /// The events of all chains, newest first. The filter's actor is an id or a kind; its own edges are ignored.
    pub async fn every_event(&self, filter: &EventFilter, edge: &EventEdge) -> Result<ConsolePage<Event>> {
        let backwards = edge.after.is_some();
        let nowhere = if backwards { i64::MIN } else { i64::MAX };
        let at = edge.after.as_deref().or(edge.before.as_deref()).and_then(position);
        let (at, chain, seq) = at.unwrap_or((nowhere, String::new(), 0));
        let rows = sqlx::query(sqlx::AssertSqlSafe(page_sql(filter, backwards)))
            .bind(at)
            .bind(chain)
            .bind(seq)
            .bind(filter.actor.clone())
            .bind(filter.action.clone())
            .bind(filter.from.map_or(i64::MIN, Timestamp::micros))
            .bind(filter.to.map_or(i64::MAX, Timestamp::micros))
            .fetch_all(self.read())
            .await?;
        let cursor = |row: &AnyRow| Ok(format!("{}.{}.{}", row.text("chain")?, row.int("seq")?, row.int("at")?));
        ConsolePage::of(Paged::of(rows, PAGE, edge.before.is_some(), backwards), event, cursor)
    }

    /// The names of the organizations whose chains these events are in, by id. A deleted one has none.
    pub async fn orgs_of_events(&self, events: &[Event]) -> Result<HashMap<String, String>> {
        let mut chains: Vec<_> = events.iter().map(|event| &event.chain).filter(|chain| *chain != SYSTEM).collect();
        chains.sort_unstable();
        chains.dedup();
        if chains.is_empty() {
            return Ok(HashMap::new());
        }
        let places: Vec<_> = (1..=chains.len()).map(|at| format!("${at}")).collect();
        let sql = format!("SELECT id, name FROM orgs WHERE id IN ({})", places.join(", "));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let rows =
            chains.iter().fold(query, |query, chain| query.bind((*chain).clone())).fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((row.text("id")?, row.text("name")?))).collect()
    }
}

/// The position of a cursor. One that is not valid is the beginning of the list.
fn position(text: &str) -> Option<(i64, String, i64)> {
    let (rest, at) = text.rsplit_once('.')?;
    let (chain, seq) = rest.rsplit_once('.')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (chain.len() <= 100 && chain.bytes().all(plain))
        .then(|| Some((at.parse().ok()?, chain.to_owned(), seq.parse().ok()?)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestStore;

    #[test]
    fn a_cursor_is_a_position() {
        assert_eq!(position("org_a_1.7.17"), Some((17, "org_a_1".to_owned(), 7)));
        for text in ["", ".", "..", "org_a_1.7", "org_a_1.7.", "org a.7.1", "org_a_1.x.1", "\0.1.1"] {
            assert_eq!(position(text), None, "{text:?}");
        }
    }

    #[tokio::test]
    async fn a_page_is_read_from_the_index() {
        let store = TestStore::sqlite().await;
        let sql = format!("EXPLAIN QUERY PLAN {}", page_sql(&EventFilter::default(), false));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(i64::MAX).bind("").bind(0_i64).bind("").bind("");
        let rows = query.bind(i64::MIN).bind(i64::MAX).fetch_all(store.read()).await.expect("a plan");
        let plan: Vec<_> = rows.iter().map(|row| row.text("detail").expect("text")).collect();
        assert!(matches!(&plan[..], [one] if one.contains("USING INDEX events_by_time")), "{plan:?}");
        store.end().await;
    }
}
