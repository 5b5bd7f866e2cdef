//! The chain `system` as operators read it.

use std::collections::HashMap;

use sqlx::Row;

use super::super::{EventFilter, SeenActor, Sight, Store, actors::ActorFilter, events::event, row::Read};
use crate::{
    Error, Result,
    audit::{SYSTEM, export::Exported},
};

/// Events in memory at once.
const CHUNK: i64 = 500;

impl Store {
    /// The recent actors of the chain `system`, by name.
    pub async fn system_actors(&self) -> Result<Vec<SeenActor>> {
        self.actors_in(SYSTEM, None, &Sight::ALL, None).await
    }

    /// Replaces a name in the filter by the actor's id, as in an organization's chain. An unknown name is refused.
    pub async fn with_system_actor_known(&self, filter: EventFilter) -> Result<EventFilter> {
        if filter.actor.is_empty() {
            return Ok(filter);
        }
        let meant = self.actor_meant(SYSTEM, None, &Sight::ALL, &filter.actor).await?;
        let ActorFilter { kind, id } = meant.ok_or_else(|| {
            Error::field("actor", "No recent actor has this name. Choose an actor from the list, or give an ID.")
        })?;
        Ok(EventFilter { actor: if id.is_empty() { kind } else { id }, ..filter })
    }

    /// The next matching events of the chain `system`; empty at the end.
    pub async fn export_system(&self, filter: &EventFilter, after: i64) -> Result<Vec<Exported>> {
        let from = EventFilter { before: None, after: Some(after), ..filter.clone() };
        let rows = self.event_rows(SYSTEM, None, &from, CHUNK).await?;
        rows.iter().map(|row| Ok(Exported { event: event(row)?, hash: row.try_get("hash")? })).collect()
    }

    /// The sequence number of the newest event of the chain `system`.
    pub async fn last_system_event(&self) -> Result<i64> {
        let head = sqlx::query("SELECT seq FROM chains WHERE name = $1").bind(SYSTEM);
        head.fetch_one(self.read()).await?.int("seq")
    }

    /// The e-mail addresses of these people, by id.
    pub async fn emails_of_people(&self, users: &[String]) -> Result<HashMap<String, String>> {
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        let places: Vec<_> = (1..=users.len()).map(|at| format!("${at}")).collect();
        let sql = format!("SELECT id, email FROM users WHERE id IN ({})", places.join(", "));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let query = users.iter().fold(query, |query, user| query.bind(user.clone()));
        let rows = query.fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((row.text("id")?, row.text("email")?))).collect()
    }
}
