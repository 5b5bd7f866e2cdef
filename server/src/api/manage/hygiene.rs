//! `/v1/orgs/{org_id}/hygiene`

use std::num::NonZeroU8;

use axum::{extract::State, response::Response};
use sallyport::{
    org::Org,
    store::{HygieneCheck, KeyFilter},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use super::{
    access::Within,
    answer::ok,
    key_response::KeyResponse,
    keys::responses,
    query::{self, Parameters, QueryParams},
};
use crate::{
    api::{
        problem::Problem,
        schema::{about, words},
    },
    state::AppState,
};

/// Which checks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HygieneParams {
    #[param(schema_with = one_check, required = false)]
    check: Option<String>,
    /// Keys of each check at most.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100, default = 25, nullable = false)]
    limit: Option<NonZeroU8>,
    /// The `next_cursor` of the check’s previous part.
    #[param(nullable = false)]
    cursor: Option<String>,
}

impl Parameters for HygieneParams {
    const FIELDS: &str = "The query takes check (one of the checks), limit (1 to 100) and cursor (the next_cursor of that check’s \
        previous part), each once.";
}

fn one_check() -> Object {
    about("Only this check.", checks())
}

fn its_name() -> Object {
    about("Its name.", checks())
}

fn checks() -> Object {
    words(HygieneCheck::ALL.iter().map(|check| check.as_str()))
}

/// Keys in use that may do more, or last longer, than anyone needs.
#[derive(Serialize, ToSchema)]
#[schema(as = Hygiene)]
pub struct HygieneResponse {
    /// In this order: those that make sense with the profile.
    checks: Vec<CheckResponse>,
}

/// What a check finds.
#[derive(Serialize, ToSchema)]
#[schema(as = HygieneCheck)]
pub struct CheckResponse {
    #[schema(schema_with = its_name)]
    check: &'static str,
    /// Which keys it finds, for people.
    about: &'static str,
    /// How many there are, counted up to 1,001.
    count: i64,
    /// Newest first.
    keys: Vec<KeyResponse>,
    /// Send it as `cursor`, with the `check`, to get its next keys; `null` at the end.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// Check the keys in use of an organization
///
/// Active keys that can delete in production and were unused for 30 days, never expire, whose creator left, that were never used,
/// were used from more than 10 networks in production, or need no signature. Of those that the caller sees.
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/hygiene", operation_id = "getOrganizationHygiene", tag = "Keys", params(("org_id" = String, Path), HygieneParams),
    responses((status = 200, body = HygieneResponse))
)]
pub async fn of_org(
    State(state): State<AppState>,
    org: Within<Org>,
    QueryParams(params): QueryParams<HygieneParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let sight = org.manager.seen(store, &org.it.id).await?;
    let only = match params.check.as_deref() {
        None if params.cursor.is_some() => {
            return Err(Problem::bad_request("A cursor needs the check that it is of."));
        }
        None => None,
        Some(word) => Some(HygieneCheck::parse(word).ok_or_else(no_check)?),
    };
    let filter = KeyFilter {
        limit: Some(query::limit(params.limit)?),
        before: params.cursor,
        sight: sight.clone(),
        ..KeyFilter::default()
    };
    if filter.before.as_ref().is_some_and(|cursor| !filter.is_cursor(cursor)) {
        return Err(query::no_cursor());
    }
    state.verifier.flush_counts_briefly().await;
    let mut checks = Vec::new();
    for (check, count) in store.hygiene(&org.it.id, &sight).await? {
        if only.is_some_and(|only| only != check) {
            continue;
        }
        let (keys, next_cursor) = match count {
            0 => (Vec::new(), None),
            _ => responses(store, &org.it.id, None, &KeyFilter { check: Some(check), ..filter.clone() }).await?,
        };
        checks.push(CheckResponse { check: check.as_str(), about: check.about(), count, keys, next_cursor });
    }
    Ok(ok(HygieneResponse { checks }))
}

fn no_check() -> Problem {
    let words: Vec<_> = HygieneCheck::ALL.iter().map(|check| check.as_str()).collect();
    Problem::bad_request(format!("The check is one of {}.", words.join(", ")))
}
