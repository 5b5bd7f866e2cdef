//! `/v1/nodes`, and what a revocation says about each node.

use axum::{extract::State, response::Response};
use sallyport::{
    Timestamp,
    id::NodeId,
    node::{Confirmed, Refusal},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    access::Manager,
    answer::ok,
    query::{NoParams, QueryParams},
};
use crate::{api::problem::Problem, state::AppState};

/// A server that verifies keys.
#[derive(Serialize, ToSchema)]
#[schema(as = Node)]
pub struct NodeResponse {
    /// A new one each time it starts.
    #[schema(value_type = String, example = "node_7Hq2aB3cD4eF5gH6")]
    node_id: NodeId,
    /// Of Sallyport.
    version: String,
    /// When it started.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it last renewed its lease.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// It applied all changes up to this one.
    applied_revision: i64,
    /// Milliseconds for which it may verify keys without renewing its lease; 0 if it is cut off and refuses all requests.
    #[schema(maximum = 3000)]
    lease_ms: u64,
}

/// When a node refused what was revoked.
#[derive(Serialize, ToSchema)]
pub struct NodeRefusal {
    /// The node.
    #[schema(value_type = String, example = "node_7Hq2aB3cD4eF5gH6")]
    node_id: NodeId,
    /// Milliseconds after the commit when it was known to refuse the key; `null` if it is cut off and refuses all requests.
    #[schema(required = true)]
    applied_ms: Option<u64>,
}

impl NodeRefusal {
    pub fn of(confirmed: Confirmed) -> Vec<Self> {
        let refusal = |(node_id, refusal)| Self {
            node_id,
            applied_ms: match refusal {
                Refusal::Applied(after) => Some(u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
                Refusal::Closed => None,
            },
        };
        confirmed.nodes.into_iter().map(refusal).collect()
    }
}

/// List the nodes
///
/// The servers on this database. One that is cut off from it stays in the list for ten minutes.
#[utoipa::path(get, path = "/v1/nodes", operation_id = "listNodes", tag = "Service", responses((status = 200, body = [NodeResponse])))]
pub async fn list(State(state): State<AppState>, _: Manager, _: QueryParams<NoParams>) -> Result<Response, Problem> {
    let store = &state.context.store;
    let (revision, left) = state.verifier.lease();
    let own = store.own_node(revision, left);
    let listed = store.nodes().await?;
    let nodes = if listed.is_empty() { own.into_iter().collect() } else { listed };
    let nodes = nodes.into_iter().map(|node| NodeResponse {
        node_id: node.id,
        version: node.version,
        started_at: node.started_at,
        seen_at: node.seen_at,
        applied_revision: node.applied_revision,
        lease_ms: node.lease.map_or(0, |lease| u64::try_from(lease.as_millis()).unwrap_or(0)),
    });
    Ok(ok(nodes.collect::<Vec<_>>()))
}
