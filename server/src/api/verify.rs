//! `POST /v1/keys/verify`: a backend checks whether a key is valid for a request.

use std::num::NonZeroU32;

use axum::{
    body::Body,
    http::{self, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sallyport::{
    Timestamp,
    id::{AppId, KeyId, OrgId, ProjectId, RequestId, TenantId},
    key::{Ask, KeyRecord, Metadata, Verdict, verdict::Via},
    limit::whole_seconds,
    profile::{Mode, Profile},
    request::Client,
    scope::Request,
    signature::Signed,
    verifier::Judged,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    caller::root_token,
    json::{self, RequestBody, answer},
    problem::{Problem, WrongField},
    refusal::RefusalResponse,
    schema::{about, words},
};
use crate::state::AppState;

/// The key and its requirements. Unknown fields are refused: a misspelled requirement must not be ignored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// The key that your client sent.
    #[serde(default)]
    key: Option<String>,
    /// The key has to belong to this app.
    app_id: Option<String>,
    /// The key has to have all of these scopes.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(value_type = Option<Vec<String>>)]
    scopes: Vec<String>,
    #[schema(schema_with = wanted_mode, required = false)]
    mode: Option<Mode>,
    /// The key’s app has to be verified for ingestion.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(value_type = Option<bool>)]
    ingestion: bool,
    /// Method of the client’s request; a scope of the key has to allow it. Send the path too where scopes name paths.
    method: Option<String>,
    /// Path of the client’s request. Send the method too where scopes name methods.
    path: Option<String>,
    /// Accept paths that servers may read in different ways: `//`, `/../`, `%2F`, `;`, `#`.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(value_type = Option<bool>, default = false)]
    any_path: bool,
    /// Address of the client.
    #[schema(value_type = Option<String>)]
    ip: Option<std::net::IpAddr>,
    /// Number of requests that this one counts as; default 1.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 4294967295_u32)]
    cost: Option<NonZeroU32>,
    signature: Option<SignatureField>,
}

/// The headers and the body of a signed request, unchanged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Signature)]
pub struct SignatureField {
    timestamp: String,
    signature: String,
    body_base64: String,
}

impl RequestBody for VerifyRequest {
    const FIELDS: &str = "Its fields are key, app_id, scopes, mode (live or test), ingestion, method, path, any_path, ip, cost and \
        signature (timestamp, signature and body_base64, all of them text).";
}

/// The key is valid for this request.
#[derive(Serialize, ToSchema)]
pub struct Valid<'a> {
    valid: bool,
    code: &'static str,
    status: u16,
    #[schema(value_type = String)]
    key_id: &'a KeyId,
    label: &'a str,
    #[schema(value_type = String)]
    org_id: &'a OrgId,
    #[schema(value_type = Option<String>, required = true)]
    tenant_id: Option<&'a TenantId>,
    #[schema(value_type = Option<String>, required = true)]
    project_id: Option<&'a ProjectId>,
    #[schema(value_type = Option<String>, required = true)]
    app_id: Option<&'a AppId>,
    environment: &'a str,
    #[schema(schema_with = modes)]
    mode: Mode,
    scopes: Vec<&'a str>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<Timestamp>,
    #[schema(schema_with = secrets)]
    secret: &'static str,
    /// Until when that secret is accepted, if it is the previous one.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    secret_expires_at: Option<Timestamp>,
    /// JSON object that the key’s owner set on it.
    #[schema(value_type = Object)]
    metadata: &'a Metadata,
    #[schema(required = true)]
    rate_limit: Option<RateLimit>,
    #[schema(value_type = String)]
    request_id: &'a RequestId,
}

/// The limit that this key will reach first.
#[derive(Serialize, ToSchema)]
pub struct RateLimit {
    limit: u64,
    remaining: u64,
    /// When the whole limit is available again, in seconds since 1970.
    reset: u64,
}

impl RateLimit {
    fn of(judged: &Judged) -> Option<Self> {
        let charged = judged.charged.as_ref()?;
        let rate = charged.rate;
        Some(Self { limit: rate.policy.requests, remaining: rate.remaining, reset: charged.resets_at() })
    }
}

/// The key is not valid for this request: answer the client with `status` and `error`.
#[derive(Serialize, ToSchema)]
pub struct Refused<'a> {
    valid: bool,
    #[schema(schema_with = codes)]
    code: &'static str,
    #[schema(minimum = 401, maximum = 429)]
    status: u16,
    #[schema(value_type = Object)]
    error: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rate_limit: Option<RateLimit>,
    /// Seconds after which a retry can pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_after: Option<u64>,
    #[schema(value_type = String)]
    request_id: &'a RequestId,
}

/// Either of the two, depending on `valid`.
#[derive(ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "the two are answered one by one; this describes them")]
#[schema(as = Judged)]
pub enum Judgement<'a> {
    Valid(Valid<'a>),
    Refused(Refused<'a>),
}

fn modes() -> Object {
    words([Mode::Live, Mode::Test].map(Mode::as_str))
}

fn secrets() -> Object {
    let text = "Which secret of the key was used: `previous` is the old one of a key that is being rotated.";
    about(text, words(["current", "previous"]))
}

fn wanted_mode() -> Object {
    about("The key has to have this mode.", modes())
}

fn codes() -> Object {
    words(Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::Valid).map(Verdict::code))
}

/// Verify a key
///
/// Checks whether a key is valid for a request. The status is 200 whenever the key could be checked, and `valid` has the result.
/// Any other status means that the result is not known: refuse your client.
#[utoipa::path(
    post, path = "/v1/keys/verify", operation_id = "verifyKey", tag = "Verification", request_body = VerifyRequest,
    responses((status = 200, body = Judgement))
)]
pub async fn verify(state: &AppState, client: &Client, request: http::Request<Body>) -> Response {
    if request.method() != Method::POST {
        let mut refused = Problem::method_not_allowed().into_response();
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return refused;
    }
    judge(state, client, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn judge(state: &AppState, client: &Client, request: http::Request<Body>) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    // A requirement in the wrong place must not be ignored.
    if head.uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(Problem::bad_request(format!(
            "This endpoint takes no query parameters. {}",
            VerifyRequest::FIELDS
        )));
    }
    let token = root_token(state, client, &head.headers).await?;
    let request: VerifyRequest = json::parse(&json::bytes(&head.headers, body).await?)?;
    let body = signed_body(request.signature.as_ref())?;
    let signed = request.signature.as_ref().map(|field| Signed {
        timestamp: &field.timestamp,
        signature: &field.signature,
        body: &body,
    });
    let ask = Ask {
        org_id: token.org_id.as_ref(),
        plain_http: false,
        workspace: None,
        app_id: request.app_id.as_deref(),
        scopes: request.scopes.iter().map(String::as_str).collect(),
        mode: request.mode,
        ingestion: request.ingestion,
        request: Request {
            any_path: request.any_path,
            ..Request::new(request.method.as_deref(), request.path.as_deref())
        },
        ip: request.ip,
        signed,
        cost: request.cost.map_or(1, NonZeroU32::get),
        via: Via::Backend { token: token.org_id.as_ref().map(|_| token.name.as_str()) },
        token: Some(&token.id),
    };
    let key = request.key.as_deref().map(str::trim).filter(|key| !key.is_empty());
    let judged = state.verifier.judge(key, &ask, client).await?;
    let rate_limit = RateLimit::of(&judged);
    Ok(match (judged.verdict, judged.record()) {
        (Verdict::Valid, Some(key)) => {
            answer(&valid(key, state.context.store.profile(), rate_limit, &client.request_id))
        }
        (verdict, _) => answer(&Refused {
            valid: false,
            code: verdict.code(),
            status: verdict.status(),
            error: RefusalResponse::judged(state, &judged, &ask, client).body,
            rate_limit,
            retry_after: judged.retry_after.map(whole_seconds),
            request_id: &client.request_id,
        }),
    })
}

/// The signed bytes.
fn signed_body(field: Option<&SignatureField>) -> Result<Vec<u8>, Problem> {
    let Some(field) = field else { return Ok(Vec::new()) };
    BASE64_STANDARD.decode(&field.body_base64).map_err(|_| {
        let pointer = "/signature/body_base64".to_owned();
        let wrong = WrongField { pointer, detail: "It is not base64 (RFC 4648, with its padding).".to_owned() };
        Problem::invalid("The field signature.body_base64 is not base64.", vec![wrong])
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
        environment: &key.environment.name,
        mode: key.mode(),
        scopes: profile.names(key.scopes).collect(),
        expires_at: key.expires_at,
        secret: key.secret_name(),
        secret_expires_at: key.secret_retires_at(),
        metadata: key.metadata(),
        rate_limit,
        request_id,
    }
}
