//! `/v1/keys/{key_id}/suggestion`

use axum::{extract::State, response::Response};
use sallyport::{
    Timestamp,
    key::Key,
    suggestion::{Blocked, Suggestion},
};
use serde::Serialize;
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    access::Within,
    answer::ok,
    query::{NoParams, QueryParams},
};
use crate::{
    api::{
        problem::Problem,
        schema::{about, words},
    },
    state::AppState,
};

/// A narrower key that would have been enough for what a key was used for.
#[derive(Serialize, ToSchema)]
#[schema(as = Suggestion)]
pub struct SuggestionResponse {
    /// The scopes of a narrower key; empty if they can’t be told, which `blocked` explains.
    scopes: Vec<String>,
    /// Its addresses: the networks that the key was used from, or its own, if those are enforced. Empty if they can’t be told,
    /// which `blocked` explains.
    #[schema(example = json!(["203.0.113.0/24"]))]
    addresses: Vec<String>,
    /// Whether the key’s own addresses are enforced. Otherwise, monitor first who calls from elsewhere.
    addresses_enforced: bool,
    /// Scopes that the key grants, by itself or by what they imply, and that no accepted request needed.
    unused_scopes: Vec<String>,
    /// From when on requests were counted: at most 30 days ago.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Requests that were accepted since then.
    requests: u64,
    /// Whether a key with these scopes and addresses allows less than the key.
    narrower: bool,
    /// What can’t be told, and why.
    blocked: Vec<BlockedPart>,
}

/// A part of a suggestion that can’t be made.
#[derive(Serialize, ToSchema)]
pub struct BlockedPart {
    #[schema(schema_with = parts)]
    part: &'static str,
    #[schema(schema_with = reasons)]
    reason: &'static str,
    /// A sentence for people.
    detail: String,
}

fn parts() -> Object {
    about("What can’t be told.", words(["scopes", "addresses"]))
}

fn reasons() -> Object {
    let reasons = [
        Blocked::Unused.code(),
        Blocked::NotCounted(0).code(),
        Blocked::Unspecified(0).code(),
        Blocked::Forgotten(0).code(),
        Blocked::OneScope.code(),
        Blocked::LowerLimit.code(),
        Blocked::NoScopes.code(),
        Blocked::Changed.code(),
        Blocked::ManyNetworks.code(),
        Blocked::NoAddress(0).code(),
        Blocked::Refused.code(),
    ];
    about("Why.", words(reasons))
}

impl SuggestionResponse {
    fn of(told: Suggestion) -> Self {
        let blocked = [("scopes", told.scopes.as_ref().err()), ("addresses", told.addresses.as_ref().err())];
        let blocked = blocked.into_iter().filter_map(|(part, blocked)| blocked.map(|blocked| (part, *blocked)));
        Self {
            blocked: blocked
                .map(|(part, blocked)| BlockedPart { part, reason: blocked.code(), detail: blocked.sentence() })
                .collect(),
            scopes: told.scopes.unwrap_or_default(),
            addresses: told.addresses.map(|addresses| addresses.lines().collect()).unwrap_or_default(),
            addresses_enforced: told.addresses_enforced,
            unused_scopes: told.unused_scopes,
            since: told.since,
            requests: told.requests,
            narrower: told.is_narrower,
        }
    }
}

/// Read which narrower key would have been enough
///
/// From what was counted in 30 days. No kind of request (scopes, method and network) that was accepted would have been refused.
#[utoipa::path(
    get, path = "/v1/keys/{key_id}/suggestion", operation_id = "getKeySuggestion", tag = "Usage", params(("key_id" = String, Path)),
    responses((status = 200, body = SuggestionResponse))
)]
pub async fn of_key(
    State(state): State<AppState>,
    key: Within<Key>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    state.verifier.flush_counts_briefly().await;
    let history = store.key_history(&key.it).await?;
    Ok(ok(SuggestionResponse::of(Suggestion::of(&key.it, &history, store.profile()))))
}
