//! `/.well-known/sallyport-audit.json`: the public keys with which anybody verifies checkpoints of the audit log.

use axum::{Json, extract::State, response::IntoResponse};
use base64::{Engine, prelude::BASE64_STANDARD};
use sallyport::{Timestamp, audit::checkpoint::portal_name, audit::hex, store::AuditKey};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::state::AppState;

pub const PATH: &str = "/.well-known/sallyport-audit.json";

/// The keys, the oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditKeys)]
pub struct AuditKeysResponse {
    /// One signs; those before it stay, because checkpoints that they signed stay.
    keys: Vec<AuditKeyResponse>,
}

/// A key that signs checkpoints, or did.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditKey)]
struct AuditKeyResponse {
    /// Its id in signatures under the portal’s name, in hexadecimal.
    key_id: String,
    /// `Ed25519`.
    algorithm: &'static str,
    /// 32 bytes in base64.
    public_key: String,
    /// Name, id and key in one text, as verifiers of signed notes take it.
    verifier_key: String,
    /// When it began to sign.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// When another took over; `null` for the one that signs.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    until: Option<Timestamp>,
    /// Since when it is invalid, because somebody else may have it: nothing that it signed proves anything.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    revoked: Option<Timestamp>,
}

impl AuditKeyResponse {
    fn of(key: AuditKey, portal: &str) -> Self {
        Self {
            key_id: hex(&key.public.id(portal)),
            algorithm: "Ed25519",
            public_key: BASE64_STANDARD.encode(key.public.0),
            verifier_key: key.public.verifier_key(portal),
            from: key.from,
            until: key.until,
            revoked: key.revoked,
        }
    }
}

/// List the public keys that verify checkpoints of the activity log
///
/// There is none before the first checkpoint.
#[utoipa::path(
    get, path = "/.well-known/sallyport-audit.json", operation_id = "listAuditKeys", tag = "Activity",
    responses((status = 200, body = AuditKeysResponse))
)]
pub async fn read(State(state): State<AppState>) -> Result<impl IntoResponse, Problem> {
    let portal = portal_name(&state.context.public_url);
    let keys = state.context.store.audit_keys().await?.into_iter();
    Ok(Json(AuditKeysResponse { keys: keys.map(|key| AuditKeyResponse::of(key, &portal)).collect() }))
}
