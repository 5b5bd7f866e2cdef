//! `/v1/keys/{key_id}/requests`

use std::num::NonZeroU8;

use axum::{extract::State, response::Response};
use sallyport::{
    Timestamp,
    key::Key,
    store::{KeyRequest, KeyRequestFilter, RequestCursor, RequestResult},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    access::Within,
    answer::{Listed, ok},
    query::{self, Parameters, QueryParams},
};
use crate::{api::problem::Problem, state::AppState};

/// Which requests of the key.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyRequestListParams {
    /// Entries at most.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100, default = 25, nullable = false)]
    limit: Option<NonZeroU8>,
    /// The `next_cursor` of the previous part.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Only requests with this result: `valid`, `refused` for all others, or the code of a verdict.
    #[param(nullable = false, max_length = 100)]
    code: Option<String>,
    /// Only requests with this method, as it was sent.
    #[param(nullable = false, max_length = 100)]
    method: Option<String>,
    /// Only requests from this address.
    #[param(nullable = false, max_length = 100)]
    address: Option<String>,
}

impl Parameters for KeyRequestListParams {
    const FIELDS: &str = "The query takes limit (1 to 100), cursor (the next_cursor of the previous part), code (valid, refused, or \
        the code of a verdict), method and address, each once.";
}

impl KeyRequestListParams {
    fn filter(self) -> Result<KeyRequestFilter, Problem> {
        let result = RequestResult::parse(self.code.as_deref().unwrap_or_default());
        let before = self.cursor.as_deref().map(|cursor| RequestCursor::parse(cursor).ok_or_else(query::no_cursor));
        Ok(KeyRequestFilter {
            result: result
                .ok_or_else(|| Problem::bad_request("The code is valid, refused, or the code of a verdict."))?,
            method: query::word("method", self.method)?,
            address: query::word("address", self.address)?,
            before: before.transpose()?,
            after: None,
            limit: Some(query::limit(self.limit)?),
        })
    }
}

/// A verification of the key.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyRequest)]
pub struct KeyRequestResponse {
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
    request_id: String,
    /// The verdict’s code; `valid` if it was accepted.
    #[schema(example = "valid")]
    code: &'static str,
    /// The narrowest scopes that suffice for the accepted request, a space between; empty if it named neither a scope nor a
    /// method.
    scope: String,
    /// Of the client’s request to the API, if the caller sent it.
    #[schema(required = true)]
    method: Option<String>,
    /// Without its query.
    #[schema(required = true)]
    path: Option<String>,
    /// The client’s, if the caller sent it.
    #[schema(required = true)]
    address: Option<String>,
    /// The client’s, of requests through a gateway.
    #[schema(required = true)]
    user_agent: Option<String>,
    /// Requests of the key before this one that are not listed: beyond ten in a second, or beyond what a server keeps.
    left_out: u64,
}

impl From<KeyRequest> for KeyRequestResponse {
    fn from(request: KeyRequest) -> Self {
        let KeyRequest { at, request_id, verdict, scope, method, path, address, user_agent, left_out, .. } = request;
        Self {
            time: at,
            request_id: request_id.to_string(),
            code: verdict.code(),
            scope,
            method,
            path,
            address,
            user_agent,
            left_out,
        }
    }
}

/// List recent requests of a key
///
/// Newest first, of the last seven days: every one up to ten in a second, and how many more there were. Usage counts all of them.
#[utoipa::path(
    get, path = "/v1/keys/{key_id}/requests", operation_id = "listKeyRequests", tag = "Usage",
    params(("key_id" = String, Path), KeyRequestListParams),
    responses((status = 200, body = Listed<KeyRequestResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    key: Within<Key>,
    QueryParams(which): QueryParams<KeyRequestListParams>,
) -> Result<Response, Problem> {
    let filter = which.filter()?;
    state.verifier.flush_counts_briefly().await;
    let page = state.context.store.key_requests(&key.it.id, &filter).await?;
    let next_cursor = page.older.map(|cursor| cursor.to_string());
    Ok(ok(Listed { data: page.requests.into_iter().map(KeyRequestResponse::from).collect(), next_cursor }))
}
