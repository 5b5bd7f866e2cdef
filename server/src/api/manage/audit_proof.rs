//! `/v1/orgs/{org_id}/audit/checkpoint` and `/v1/orgs/{org_id}/audit/{seq}/proof`: what an auditor takes home.

use axum::{
    extract::{FromRequestParts, Path, State},
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use sallyport::{Error, audit::checkpoint::portal_name, member::Permission, org::Org, place::Place};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    access::{Manager, Reachable},
    answer::ok,
    query::{NoParams, QueryParams},
};
use crate::{api::problem::Problem, state::AppState};

/// An organization whose whole log the caller may export.
pub struct WholeLog(pub(super) Org, pub(super) Manager);

impl WholeLog {
    async fn find(parts: &mut Parts, state: &AppState, id: &str) -> Result<Self, Problem> {
        let manager = Manager::from_request_parts(parts, state).await?;
        let store = &state.context.store;
        let org = Org::find(store, manager.reader(), id).await?.ok_or(Error::NotFound)?;
        manager.needs(store, &Place::from(&org), Permission::ManageOrg).await?;
        Ok(Self(org, manager))
    }
}

impl FromRequestParts<AppState> for WholeLog {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        // A credential is asked for before an address is judged.
        Manager::from_request_parts(parts, state).await?;
        let id = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        Self::find(parts, state, &id).await
    }
}

/// The same, and the number of an event.
pub struct EventOfLog(Org, i64);

impl FromRequestParts<AppState> for EventOfLog {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Manager::from_request_parts(parts, state).await?;
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((id, seq)) = path.map_err(|_| Error::NotFound)?;
        let WholeLog(org, _) = WholeLog::find(parts, state, &id).await?;
        Ok(Self(org, seq.parse().map_err(|_| Error::NotFound)?))
    }
}

/// Read a signed checkpoint of the activity log of an organization
///
/// The number of its events and the root of the Merkle tree over their hashes, signed: a C2SP `tlog-checkpoint`. Keep it
/// outside of the portal; whoever has it notices if events that it covers are changed later. It covers all events up to a
/// minute ago.
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/audit/checkpoint", operation_id = "getCheckpoint", tag = "Activity",
    params(("org_id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub async fn checkpoint(
    State(state): State<AppState>,
    WholeLog(org, _): WholeLog,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    let portal = portal_name(&state.context.public_url);
    let checkpoint = state.context.store.recent_checkpoint(&portal, org.id.as_str()).await?;
    let mut response = checkpoint.note.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// An event, and what shows that it is in the log.
#[derive(ToSchema)]
#[schema(as = EventProof)]
#[allow(dead_code, reason = "it describes `EventProof::json`")]
pub struct ProofResponse {
    /// The event as in an export: with everything that its hash is made of.
    #[schema(value_type = Object)]
    event: Value,
    /// The hash of the event before it, in hexadecimal; empty for the first.
    previous_hash: String,
    /// Where the event’s hash is in the tree, from 0.
    leaf_index: u64,
    /// The number of events in the tree.
    tree_size: u64,
    /// The root of the tree, in hexadecimal.
    root: String,
    /// The hashes that lead from the leaf to the root, in hexadecimal.
    hashes: Vec<String>,
    /// The signed checkpoint with this root.
    checkpoint: String,
}

/// Prove that an event is in the activity log of an organization
///
/// With the public keys of the portal anybody can verify it, without the portal and without the other events. Of an event
/// that an early version wrote and that was erased there is no proof (409).
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/audit/{seq}/proof", operation_id = "getEventProof", tag = "Activity",
    params(("org_id" = String, Path), ("seq" = i64, Path)),
    responses((status = 200, body = ProofResponse))
)]
pub async fn proof(
    State(state): State<AppState>,
    EventOfLog(org, seq): EventOfLog,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    let portal = portal_name(&state.context.public_url);
    let proof = state.context.store.event_proof(&portal, org.id.as_str(), seq).await?;
    Ok(ok(proof.json()))
}
