//! `/v1/service-accounts/{service_account_id}/tokens` and `/v1/service-tokens/{service_token_id}`

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sallyport::{
    Error, Invalid, Result as StoreResult, Timestamp,
    id::{OrgId, ServiceAccountId, ServiceTokenId},
    key::expiry::moment,
    personal_token::{TokenScope, TokenScopes},
    service_account::{NewServiceToken, ServiceAccount, ServiceToken},
    store::{Page, Reader, Store},
};
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::schema::{Array, Object},
};

use super::{
    access::{Reachable, Within},
    answer::{Listed, created_unaddressed, ok},
    creation::CreationIn,
    query::{NoParams, QueryParams},
    service_accounts::manages_accounts,
};
use crate::{
    api::{
        json::{self, RequestBody},
        problem::Problem,
        schema::words,
    },
    state::AppState,
};

/// A token of a service account. It may have expired.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceToken)]
pub struct ServiceTokenResponse {
    #[schema(value_type = String, example = "svt_5F4iGN2e1DLY")]
    service_token_id: ServiceTokenId,
    #[schema(value_type = String)]
    service_account_id: ServiceAccountId,
    name: String,
    /// What it may do, as far as the role of the account allows: `read`, `keys`, `places`, `members`.
    #[schema(schema_with = scopes)]
    scopes: Vec<TokenScope>,
    /// Enough of it to recognize it.
    #[schema(example = "sp_svc_7Hq2…x9Ka")]
    shown: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Refused from then on.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// To the minute; `null` if never.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_used_at: Option<Timestamp>,
    /// The address from which it was used last.
    #[schema(required = true)]
    last_address: Option<String>,
}

/// A token with its secret, which no other answer contains.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceTokenWithSecret)]
pub struct ServiceSecretResponse {
    #[serde(flatten)]
    about: ServiceTokenResponse,
    /// Send it as `Authorization: Bearer`.
    #[schema(example = "sp_svc_…")]
    token: String,
}

fn one_scope() -> Object {
    words(TokenScope::ALL.map(TokenScope::as_str))
}

fn scopes() -> Array {
    Array::new(one_scope())
}

impl From<ServiceToken> for ServiceTokenResponse {
    fn from(token: ServiceToken) -> Self {
        Self {
            service_token_id: token.id,
            service_account_id: token.account_id,
            name: token.name,
            scopes: token.scopes.iter().collect(),
            shown: token.shown,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            last_address: token.last_address,
        }
    }
}

/// A token, and the organization of its account.
pub struct TokenOf {
    token: ServiceToken,
    org_id: OrgId,
}

/// Seen like its account.
impl Reachable for TokenOf {
    fn org(&self) -> &OrgId {
        &self.org_id
    }

    async fn find(store: &Store, reader: Reader<'_>, id: &str) -> StoreResult<Option<Self>> {
        let Some(id) = ServiceTokenId::parse(id) else { return Ok(None) };
        let Some(token) = store.service_token(&id).await? else { return Ok(None) };
        let account = ServiceAccount::find(store, reader, token.account_id.as_str()).await?;
        Ok(account.map(|account| Self { token, org_id: account.org_id }))
    }
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewServiceToken)]
pub struct MakeToken {
    /// Where it is used.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_length = 1, max_length = 100)]
    name: String,
    /// What it may do; `read` is always included.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false, schema_with = scopes)]
    scopes: Vec<String>,
    /// Within 366 days.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, format = DateTime)]
    expires_at: String,
}

impl RequestBody for MakeToken {
    const FIELDS: &str = "Its fields are name, expires_at (RFC 3339) and, optionally, scopes (a list of names).";
}

/// The fields as the form of the page names them become those of the request.
fn renamed(invalid: Invalid) -> Error {
    let fields = invalid.0.into_iter().map(|mut error| {
        error.field = match error.field {
            "token_name" => "name",
            "expires" => "expires_at",
            other => other,
        };
        error
    });
    Invalid(fields.collect()).into()
}

/// List the tokens of a service account
///
/// Those that were not revoked, newest first.
#[utoipa::path(
    get, path = "/v1/service-accounts/{service_account_id}/tokens", operation_id = "listServiceTokens",
    tag = "Service accounts",
    params(("service_account_id" = String, Path)), responses((status = 200, body = Listed<ServiceTokenResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    Within { manager, it: account }: Within<ServiceAccount>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    manages_accounts(&manager)?;
    let items = state.context.store.service_tokens(&account.id).await?;
    Ok(ok(Listed::of(Page { items, next: None }, ServiceTokenResponse::from)))
}

/// Make a token of a service account
///
/// With a root token. People make tokens in the portal, where they confirm that it is them: a personal token makes none. The token
/// is in this answer only. Those who manage the account are told by mail.
#[utoipa::path(
    post, path = "/v1/service-accounts/{service_account_id}/tokens", operation_id = "createServiceToken",
    tag = "Service accounts",
    params(("service_account_id" = String, Path)), request_body = MakeToken,
    responses(
        (status = 201, body = ServiceSecretResponse),
        (status = 409, description = "The account has 10 tokens (`too_many_service_tokens`), or this request was answered before \
            (`already_made`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "too_many_service_tokens",
                "detail": "An account has at most 10 tokens. Revoke one that is not used.",
                "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn create(
    State(state): State<AppState>,
    CreationIn { parent: account, body, act }: CreationIn<ServiceAccount, MakeToken>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let scopes = TokenScopes::parse(&body.scopes.join(" ")).map_err(Error::from)?;
    let at = if body.expires_at.is_empty() { None } else { Some(moment(&body.expires_at).map_err(Error::from)?) };
    let new = NewServiceToken::check(&body.name, scopes, at, None, store.now()).map_err(renamed)?;
    let (token, secret) = store.issue_service_token(&act, &account.id, new).await?;
    let token = ServiceSecretResponse { about: token.into(), token: secret.expose().to_owned() };
    Ok(created_unaddressed(token))
}

/// Revoke a token of a service account
///
/// Requests with it are refused at once.
#[utoipa::path(
    delete, path = "/v1/service-tokens/{service_token_id}", operation_id = "revokeServiceToken", tag = "Service accounts",
    params(("service_token_id" = String, Path)), responses((status = 204, description = "It is refused"))
)]
pub async fn revoke(
    State(state): State<AppState>,
    Within { manager, it: TokenOf { token, .. } }: Within<TokenOf>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    manages_accounts(&manager)?;
    state.context.store.revoke_service_token(&manager.act(), &token.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
