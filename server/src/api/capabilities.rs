//! `POST /v1/capabilities/verify`, and `/.well-known/jwks.json` with the keys to do the same without asking.

use axum::{
    Json,
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{
    Timestamp,
    capability::{Asked, CapabilityVerdict, Claims},
    id::AppId,
    request::Client,
    store::{CapabilityKey, JudgedCapability},
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    caller::root_token,
    json::{self, RequestBody, answer},
    problem::Problem,
    schema::{about, words},
};
use crate::state::AppState;

pub const KEYS: &str = "/.well-known/jwks.json";

/// How long the keys may be cached. A token with an unknown key is a reason to fetch them again before.
const CACHED: &str = "public, max-age=300";

/// The public keys that verify capability tokens, as a JWK Set (RFC 7517).
#[derive(Serialize, ToSchema)]
#[schema(as = CapabilityKeys)]
pub struct KeysResponse {
    /// One signs; those before it stay until what they signed has expired.
    keys: Vec<KeyResponse>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CapabilityKey)]
struct KeyResponse {
    /// `OKP`.
    kty: &'static str,
    /// `Ed25519`.
    crv: &'static str,
    /// The public key: 32 bytes in base64url.
    x: String,
    /// Its thumbprint (RFC 7638), which tokens name.
    kid: String,
    /// `EdDSA`.
    alg: &'static str,
    /// `sig`: it signs.
    r#use: &'static str,
}

impl From<CapabilityKey> for KeyResponse {
    fn from(key: CapabilityKey) -> Self {
        let x = BASE64_URL_SAFE_NO_PAD.encode(key.public.0);
        Self { kty: "OKP", crv: "Ed25519", x, kid: key.id, alg: "EdDSA", r#use: "sig" }
    }
}

/// List the public keys that verify capability tokens
///
/// There is none before the first token.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "listCapabilityKeys", tag = "Capability tokens",
    responses((status = 200, body = KeysResponse))
)]
pub async fn keys(State(state): State<AppState>) -> Result<impl IntoResponse, Problem> {
    let keys = state.context.store.capability_keys().await?;
    let keys = KeysResponse { keys: keys.into_iter().map(KeyResponse::from).collect() };
    Ok(([(header::CACHE_CONTROL, CACHED)], Json(keys)))
}

/// A token, and what it is needed for. Unknown fields are refused: a misspelled requirement must not be ignored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CapabilityToVerify)]
pub struct VerifyCapability {
    /// The token that the runtime sent.
    #[schema(max_length = 8192)]
    token: String,
    /// The token has to be for this app.
    app_id: Option<String>,
    /// It has to name all of these modules.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(value_type = Option<Vec<String>>)]
    modules: Vec<String>,
    /// It has to name all of these channels.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(value_type = Option<Vec<String>>)]
    channels: Vec<String>,
}

impl RequestBody for VerifyCapability {
    const FIELDS: &str = "Its fields are token (required), app_id, modules and channels.";
}

/// What is said of the token. Without `valid`, nothing of what it says is repeated.
#[derive(Serialize, ToSchema)]
#[schema(as = JudgedCapability)]
pub struct JudgedResponse {
    /// Whether the token is valid for what was asked.
    valid: bool,
    #[schema(schema_with = codes)]
    code: &'static str,
    /// For whom the app may use what is named.
    #[schema(required = true)]
    subject: Option<String>,
    #[schema(value_type = Option<String>, required = true)]
    app_id: Option<AppId>,
    /// Names of the catalogue of modules.
    modules: Vec<String>,
    /// Names of the catalogue of channels.
    channels: Vec<String>,
    /// When the token expires.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<Timestamp>,
}

fn codes() -> Object {
    about("The result in one word.", words(CapabilityVerdict::ALL.map(CapabilityVerdict::code)))
}

impl From<JudgedCapability> for JudgedResponse {
    fn from(judged: JudgedCapability) -> Self {
        let (valid, code) = (judged.verdict == CapabilityVerdict::Valid, judged.verdict.code());
        let expires_at = judged.claims.as_ref().map(Claims::expires_at);
        match judged.claims {
            Some(Claims { sub, aud, modules, channels, .. }) => {
                Self { valid, code, subject: Some(sub), app_id: Some(aud), modules, channels, expires_at }
            }
            None => {
                let (modules, channels) = (Vec::new(), Vec::new());
                Self { valid, code, subject: None, app_id: None, modules, channels, expires_at }
            }
        }
    }
}

/// Verify a capability token
///
/// Unlike a reader that only has the public keys, this also refuses what was revoked since: all tokens of the app, the key
/// that minted the token, or the app itself. The status is 200 whenever the token could be checked.
#[utoipa::path(
    post, path = "/v1/capabilities/verify", operation_id = "verifyCapability", tag = "Capability tokens",
    request_body = VerifyCapability, responses((status = 200, body = JudgedResponse))
)]
pub async fn verify(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    // A requirement in the wrong place must not be ignored.
    if head.uri.query().is_some_and(|query| !query.is_empty()) {
        let detail = format!("This endpoint takes no query parameters. {}", VerifyCapability::FIELDS);
        return Err(Problem::bad_request(detail));
    }
    let client = head.extensions.get::<Client>().cloned().ok_or_else(Problem::unavailable)?;
    let caller = root_token(&state, &client, &head.headers).await?;
    let body: VerifyCapability = json::parse(&json::bytes(&head.headers, body).await?)?;
    let asked = Asked { app_id: body.app_id.as_deref(), modules: &body.modules, channels: &body.channels };
    let (store, issuer) = (&state.context.store, &state.context.public_url);
    let judged = store.judge_capability(body.token.trim(), issuer, caller.org_id.as_ref(), &asked).await?;
    Ok(answer(&JudgedResponse::from(judged)))
}
