//! `/v1/orgs/{org_id}/audit`

use std::{net::IpAddr, num::NonZeroU8};

use axum::{extract::State, response::Response};
use sallyport::{
    Error, Timestamp,
    audit::{Action, Event},
    org::Org,
    store::{EventFilter, Sight},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use super::{
    access::Within,
    answer::{Listed, ok},
    query::{self, Parameters, QueryParams},
};
use crate::{
    api::{
        problem::Problem,
        schema::{about, words},
    },
    state::AppState,
};

/// Which events of the organization.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventListParams {
    /// Entries at most.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100, default = 25, nullable = false)]
    limit: Option<NonZeroU8>,
    /// The `next_cursor` of the previous part.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Only events of this actor: the ID of a person, a root token or a key; `command_line`, `sallyport` or
    /// `anonymous`; or a unique name.
    #[param(nullable = false, max_length = 100)]
    actor: Option<String>,
    #[param(schema_with = actions, required = false)]
    action: Option<String>,
    #[param(schema_with = wanted_outcome, required = false)]
    outcome: Option<String>,
    /// Only events about what has this ID: a key, an app, a person.
    #[param(nullable = false, max_length = 100)]
    target: Option<String>,
    /// Only events that came from this address.
    #[param(nullable = false, max_length = 100)]
    address: Option<String>,
    /// Only events from this time on.
    #[param(format = DateTime, nullable = false)]
    from: Option<String>,
    /// Only events before this time.
    #[param(format = DateTime, nullable = false)]
    to: Option<String>,
}

impl Parameters for EventListParams {
    const FIELDS: &str = "The query takes limit (1 to 100), cursor (the next_cursor of the previous part), actor, action, \
        outcome (done or refused), target (an ID), address, from and to (RFC 3339), each once.";
}

impl EventListParams {
    fn filter(self, sight: Sight) -> Result<EventFilter, Problem> {
        let refused = |detail: &'static str| move || Problem::bad_request(detail);
        let known = |action: &String| Action::parse(action).is_some();
        if !self.action.as_ref().is_none_or(known) {
            return Err(Problem::bad_request("That is not an action of the activity log, such as key.revoked."));
        }
        if !self.outcome.as_deref().is_none_or(|outcome| matches!(outcome, "done" | "refused")) {
            return Err(Problem::bad_request("The outcome is done or refused."));
        }
        let moment = |text: Option<String>| match text {
            None => Ok(None),
            Some(text) => {
                let moment = Timestamp::parse_rfc3339(&text);
                moment.map(Some).ok_or_else(refused("Write from and to like 2027-01-31T12:00:00Z (RFC 3339)."))
            }
        };
        let address = match query::word("address", self.address)? {
            none if none.is_empty() => none,
            text => {
                let address: Result<IpAddr, _> = text.parse();
                address.map_err(|_| refused("Give an address such as 203.0.113.7.")())?.to_string()
            }
        };
        let before = match self.cursor.as_deref().map(str::parse) {
            None => None,
            Some(cursor) => Some(cursor.map_err(|_| query::no_cursor())?),
        };
        Ok(EventFilter {
            actor: query::word("actor", self.actor)?,
            action: self.action.unwrap_or_default(),
            outcome: self.outcome.unwrap_or_default(),
            target: query::word("target", self.target)?,
            address,
            from: moment(self.from)?,
            to: moment(self.to)?,
            limit: Some(query::limit(self.limit)?),
            before,
            sight,
            ..EventFilter::default()
        })
    }
}

fn actions() -> Object {
    about("Only events with this action.", words(Action::ALL.iter().map(|action| action.as_str())))
}

fn wanted_outcome() -> Object {
    about("Only what was done, or only what was refused.", outcomes())
}

fn outcomes() -> Object {
    words(["done", "refused"])
}

/// An entry of the activity log.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventResponse {
    /// Its number in the organization’s chain, without gaps.
    seq: i64,
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
    /// `user`, `root_token`, `key`, `trust_rule`, `command_line`, `sallyport` or `anonymous`.
    actor_kind: String,
    actor_id: String,
    actor_name: String,
    #[schema(example = "key.generated")]
    action: String,
    #[schema(example = "key")]
    target_kind: String,
    target_id: String,
    target_name: String,
    #[schema(required = true)]
    app_id: Option<String>,
    #[schema(schema_with = outcomes)]
    outcome: &'static str,
    /// HTTP status of the answer if it was refused; `null` if it was done.
    #[schema(required = true)]
    status: Option<i64>,
    #[schema(required = true)]
    address: Option<String>,
    #[schema(required = true)]
    user_agent: Option<String>,
    #[schema(required = true)]
    request_id: Option<String>,
    #[schema(value_type = Object)]
    details: Value,
}

impl From<Event> for EventResponse {
    fn from(event: Event) -> Self {
        let status = Some(event.outcome.code()).filter(|code| *code != 0);
        Self {
            seq: event.seq,
            time: event.at,
            actor_kind: event.actor_kind,
            actor_id: event.actor_id,
            actor_name: event.actor_name,
            action: event.action,
            target_kind: event.target_kind,
            target_id: event.target_id,
            target_name: event.target_name,
            app_id: event.app_id,
            outcome: if status.is_some() { "refused" } else { "done" },
            status,
            address: event.address,
            user_agent: event.user_agent,
            request_id: event.request_id,
            details: serde_json::from_str(&event.details).unwrap_or_default(),
        }
    }
}

/// Read the activity log of an organization
///
/// Newest first: who did what, and what was refused.
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/audit", operation_id = "listEvents", tag = "Activity", params(("org_id" = String, Path), EventListParams),
    responses((status = 200, body = Listed<EventResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    org: Within<Org>,
    QueryParams(which): QueryParams<EventListParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let seen = org.manager.seen(store, &org.it.id).await?;
    let page = store.events(&org.it.id, None, &which.filter(seen)?).await;
    let page = page.map_err(|error| match error {
        Error::Invalid(_) => Problem::bad_request("Several actors have this name. Give the ID of one."),
        error => error.into(),
    })?;
    let next_cursor = page.older.map(|seq| seq.to_string());
    Ok(ok(Listed { data: page.events.into_iter().map(EventResponse::from).collect(), next_cursor }))
}
