//! `POST /v1/keys/verify`: a backend asks whether a key is good for a request.

use std::num::NonZeroU32;

use axum::{extract::State, response::Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use sallyport::{
    Timestamp,
    id::{AppId, KeyId, OrgId, ProjectId, RequestId, TenantId},
    key::{Ask, KeyRecord, Metadata, Verdict},
    limit::whole_seconds,
    profile::{Mode, Profile},
    scope::Request,
    signature::Signed,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    caller::Caller,
    json::{Json, Taken, answer},
    problem::Problem,
    rate_headers::resets_at,
    shown::Shown,
};
use crate::{state::AppState, verifier::Judged};

/// What is asked. Unknown fields are refused: a requirement that is misspelt must not be passed over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    #[serde(default)]
    key: Option<String>,
    app_id: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    mode: Option<Mode>,
    #[serde(default)]
    ingestion: bool,
    method: Option<String>,
    path: Option<String>,
    ip: Option<std::net::IpAddr>,
    cost: Option<NonZeroU32>,
    signature: Option<SignatureField>,
}

/// The headers of a signed request as they came, and its body as it came.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureField {
    timestamp: String,
    signature: String,
    body_base64: String,
}

impl Taken for VerifyRequest {
    const TAKES: &str = "Its fields are key, app_id, scopes, mode (live or test), ingestion, method, path, ip, cost and \
        signature (timestamp, signature and body_base64, all of them text).";
}

#[derive(Serialize)]
struct Valid<'a> {
    valid: bool,
    code: &'static str,
    status: u16,
    key_id: &'a KeyId,
    label: &'a str,
    org_id: &'a OrgId,
    tenant_id: Option<&'a TenantId>,
    project_id: Option<&'a ProjectId>,
    app_id: Option<&'a AppId>,
    environment: &'a str,
    mode: Mode,
    scopes: Vec<&'a str>,
    expires_at: Option<Timestamp>,
    metadata: &'a Metadata,
    rate_limit: Option<RateLimit>,
    request_id: &'a RequestId,
}

/// How the limit stands that stops this key first.
#[derive(Serialize)]
struct RateLimit {
    limit: u64,
    remaining: u64,
    /// Seconds since 1970, when all of it is there again.
    reset: u64,
}

impl RateLimit {
    fn of(judged: &Judged, now: Timestamp) -> Option<Self> {
        let rate = judged.charged.as_ref()?.rate;
        Some(Self { limit: rate.policy.requests, remaining: rate.remaining, reset: resets_at(rate.reset, now) })
    }
}

#[derive(Serialize)]
struct Refused<'a> {
    valid: bool,
    code: &'static str,
    status: u16,
    error: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<RateLimit>,
    /// Seconds, after which it may be asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    request_id: &'a RequestId,
}

pub async fn verify(
    State(state): State<AppState>,
    caller: Caller,
    Json(request): Json<VerifyRequest>,
) -> Result<Response, Problem> {
    let client = &caller.client;
    let body = body(request.signature.as_ref()).map_err(|problem| problem.about(client))?;
    let signed = request.signature.as_ref().map(|field| Signed {
        timestamp: &field.timestamp,
        signature: &field.signature,
        body: &body,
    });
    let ask = Ask {
        org_id: caller.token.org_id.as_ref(),
        plain_http: false,
        workspace: None,
        app_id: request.app_id.as_deref(),
        scopes: request.scopes.iter().map(String::as_str).collect(),
        mode: request.mode,
        ingestion: request.ingestion,
        request: Request::new(request.method.as_deref(), request.path.as_deref()),
        ip: request.ip,
        signed,
        cost: request.cost.map_or(1, NonZeroU32::get),
    };
    let key = request.key.as_deref().map(str::trim).filter(|key| !key.is_empty());
    let judged = state.verifier.judge(key, &ask, client).await.map_err(|error| Problem::from(error).about(client))?;
    let now = state.context.store.now();
    let rate_limit = RateLimit::of(&judged, now);
    Ok(match (judged.verdict, judged.record()) {
        (Verdict::Valid, Some(key)) => {
            answer(&valid(key, state.context.store.profile(), rate_limit, &client.request_id))
        }
        (verdict, _) => answer(&Refused {
            valid: false,
            code: verdict.code(),
            status: verdict.status(),
            error: Shown::refusal(&judged, &state.rates, now, client).body,
            rate_limit,
            retry_after: judged.retry_after.map(whole_seconds),
            request_id: &client.request_id,
        }),
    })
}

/// The bytes that were signed.
fn body(field: Option<&SignatureField>) -> Result<Vec<u8>, Problem> {
    let Some(field) = field else { return Ok(Vec::new()) };
    BASE64_STANDARD.decode(&field.body_base64).map_err(|_| {
        let detail = "signature.body_base64 is not base64 (RFC 4648, with its padding).";
        Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    })
}

fn valid<'a>(
    key: &'a KeyRecord,
    profile: &'a Profile,
    rate_limit: Option<RateLimit>,
    request_id: &'a RequestId,
) -> Valid<'a> {
    let app = key.app();
    Valid {
        valid: true,
        code: Verdict::Valid.code(),
        status: Verdict::Valid.status(),
        key_id: &key.key_id,
        label: &key.label,
        org_id: &key.owner.org_id,
        tenant_id: app.map(|app| &app.tenant_id),
        project_id: app.map(|app| &app.project_id),
        app_id: app.map(|app| &app.app_id),
        environment: &key.environment,
        mode: key.mode,
        scopes: profile.names(key.scopes).collect(),
        expires_at: key.expires_at,
        metadata: &key.metadata,
        rate_limit,
        request_id,
    }
}
