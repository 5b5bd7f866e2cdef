//! Actors of events. They are identified by kind and id: names change and are not unique.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use super::{EventFilter, Sight, Store, row::Read};
use crate::{
    Error, Result,
    audit::ACTOR_KINDS,
    id::{AppId, OrgId},
};

/// A person, key, root token or other source of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenActor {
    pub kind: String,
    /// Empty for kinds that exist only once.
    pub id: String,
    /// The name in the newest of its events.
    pub name: String,
}

impl SeenActor {
    /// Its value in a filter: the id, or the kind if there is no id.
    pub fn key(&self) -> &str {
        if self.id.is_empty() { &self.kind } else { &self.id }
    }
}

/// The actor that a filter selects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ActorFilter {
    pub(super) kind: String,
    pub(super) id: String,
}

/// How many events back to search for names and for the filter's choices.
const BACK: i64 = 5000;

/// The maximum number of actors that the filter offers.
const OFFERED: usize = 200;

fn actor(row: &AnyRow) -> Result<SeenActor> {
    Ok(SeenActor { kind: row.text("actor_kind")?, id: row.text("actor_id")?, name: row.text("actor_name")? })
}

/// The kind of an id, by its prefix.
fn kind_of(id: &str) -> Option<&'static str> {
    let (prefix, _) = id.split_once('_')?;
    match prefix {
        "usr" => Some("user"),
        "tok" => Some("root_token"),
        "key" => Some("key"),
        "tru" => Some("trust_rule"),
        "sva" => Some("service_account"),
        _ => None,
    }
}

impl Store {
    /// The recent actors of an organization, or of one of its apps, by name: the choices of the filter. Each is
    /// listed once, under its newest name.
    pub async fn actors(&self, org: &OrgId, app: Option<&AppId>, sight: &Sight) -> Result<Vec<SeenActor>> {
        let mut actors = self.actors_in(org.as_str(), app, sight, None).await?;
        actors.truncate(OFFERED);
        Ok(actors)
    }

    pub(super) async fn actors_in(
        &self,
        chain: &str,
        app: Option<&AppId>,
        sight: &Sight,
        name: Option<&str>,
    ) -> Result<Vec<SeenActor>> {
        let seen = sight.event("events", "$4");
        let of_app = if app.is_some() { "app_id = $2" } else { "$2 = ''" };
        let named = if name.is_some() { "actor_name = $3" } else { "$3 = ''" };
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT actor_kind, actor_id, actor_name, MAX(seq) AS last FROM \
             (SELECT actor_kind, actor_id, actor_name, seq FROM events WHERE chain = $1 AND {of_app} AND {seen} \
             ORDER BY seq DESC LIMIT {BACK}) AS newest WHERE {named} \
             GROUP BY actor_kind, actor_id, actor_name ORDER BY MAX(seq) DESC"
        ));
        let rows = sqlx::query(sql)
            .bind(chain.to_owned())
            .bind(app.map(ToString::to_string).unwrap_or_default())
            .bind(name.unwrap_or_default().to_owned())
            .bind(sight.bound())
            .fetch_all(self.read())
            .await?;
        let mut actors: Vec<SeenActor> = Vec::new();
        for row in &rows {
            let actor = actor(row)?;
            // The newest name comes first.
            if !actors.iter().any(|seen| (&seen.kind, &seen.id) == (&actor.kind, &actor.id)) {
                actors.push(actor);
            }
        }
        actors.sort_by_cached_key(|actor| (actor.name.to_lowercase(), actor.kind.clone(), actor.id.clone()));
        Ok(actors)
    }

    /// Resolves the actor in a filter: an id, a kind without ids (`command_line`), or the name of a recent actor.
    /// `None` if the filter names no actor.
    pub(super) async fn actor_meant(
        &self,
        chain: &str,
        app: Option<&AppId>,
        sight: &Sight,
        text: &str,
    ) -> Result<Option<ActorFilter>> {
        if let Some(kind) = kind_of(text) {
            return Ok(Some(ActorFilter { kind: kind.to_owned(), id: text.to_owned() }));
        }
        if ACTOR_KINDS[5..].contains(&text) {
            return Ok(Some(ActorFilter { kind: text.to_owned(), id: String::new() }));
        }
        match self.actors_in(chain, app, sight, Some(text)).await?.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(ActorFilter { kind: one.kind.clone(), id: one.id.clone() })),
            _ => Err(Error::field("actor", "Several actors have this name. Choose one by ID.")),
        }
    }

    /// Replaces a name in the filter by the actor's id (or kind, if it has no id), so that the filter keeps its
    /// meaning when others act later. An unknown name is refused.
    pub async fn with_actor_known(&self, org: &OrgId, app: Option<&AppId>, filter: EventFilter) -> Result<EventFilter> {
        if filter.actor.is_empty() {
            return Ok(filter);
        }
        let meant = self.actor_meant(org.as_str(), app, &filter.sight, &filter.actor).await?;
        let ActorFilter { kind, id } = meant.ok_or_else(|| {
            Error::field("actor", "No recent actor has this name. Choose an actor from the list, or give an ID.")
        })?;
        Ok(EventFilter { actor: if id.is_empty() { kind } else { id }, ..filter })
    }

    /// The e-mail addresses of those among `users` who are members of the organization, by id.
    pub async fn emails_of_members(&self, org: &OrgId, users: &[String]) -> Result<HashMap<String, String>> {
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        let places: Vec<_> = (2..users.len() + 2).map(|at| format!("${at}")).collect();
        let sql = format!(
            "SELECT u.id, u.email FROM users u \
             WHERE EXISTS (SELECT 1 FROM grants g WHERE g.org_id = $1 AND g.subject = u.id) AND u.id IN ({})",
            places.join(", ")
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string());
        let query = users.iter().fold(query, |query, user| query.bind(user.clone()));
        let rows = query.fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((row.text("id")?, row.text("email")?))).collect()
    }
}
