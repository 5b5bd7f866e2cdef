//! `/v1/apps/{app_id}/trust-rules` and `/v1/trust-rules/{trust_rule_id}`

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sallyport::{
    Error, Result as StoreResult, Timestamp,
    app::App,
    id::{AppId, OrgId, TrustRuleId},
    member::Permission,
    place::Place,
    profile::Profile,
    store::{Page, Reader, Store},
    trust_rule::{TrustRule, TrustRuleInput},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{Manager, Reachable, Within},
    answer::{Listed, created, ok},
    creation::CreationIn,
    query::{NoParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody, Sent},
        problem::Problem,
    },
    state::AppState,
};

/// Whose ID tokens are exchanged for short-lived keys of an app.
#[derive(Serialize, ToSchema)]
#[schema(as = TrustRule)]
pub struct TrustRuleResponse {
    #[schema(value_type = String, example = "tru_5F4iGN2e1DLYq3Xw")]
    trust_rule_id: TrustRuleId,
    #[schema(value_type = String)]
    app_id: AppId,
    #[schema(value_type = String)]
    org_id: OrgId,
    /// For people; its keys have it as their label.
    name: String,
    /// Exactly as tokens name it (`iss`).
    issuer: String,
    /// The only audience that tokens name (`aud`).
    audience: String,
    /// By the name of each claim what it has to be.
    claims: BTreeMap<String, String>,
    /// Of the keys.
    environment: String,
    /// `live` or `test`, as the environment says; `null` if there is no such environment any more.
    #[schema(required = true)]
    mode: Option<&'static str>,
    /// What the keys may do.
    scopes: Vec<String>,
    /// How long a key is valid.
    lifetime_seconds: u64,
    /// Blocks of addresses from which the keys may be used; from everywhere if there are none.
    addresses: Vec<String>,
    /// While it is paused it gives no keys.
    paused: bool,
    /// When it gave a key last; `null` if it never did.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The name of who made it.
    created_by: String,
}

impl TrustRuleResponse {
    fn of(rule: TrustRule, profile: &Profile) -> Self {
        Self {
            mode: profile.environment(&rule.environment).map(|environment| environment.mode.as_str()),
            paused: rule.is_paused(),
            lifetime_seconds: rule.lifetime.as_secs(),
            addresses: rule.addresses.lines().collect(),
            trust_rule_id: rule.id,
            app_id: rule.app_id,
            org_id: rule.org_id,
            name: rule.name,
            issuer: rule.issuer,
            audience: rule.audience,
            claims: rule.claims,
            environment: rule.environment,
            scopes: rule.scopes,
            last_used_at: rule.used_at,
            created_at: rule.created_at,
            created_by: rule.created_by,
        }
    }
}

/// For people with the permission, and for root tokens that manage the organization. It does not exist for others.
impl Reachable for TrustRule {
    fn org(&self) -> &OrgId {
        &self.org_id
    }

    async fn find(store: &Store, reader: Reader<'_>, id: &str) -> StoreResult<Option<Self>> {
        let Some(id) = TrustRuleId::parse(id) else { return Ok(None) };
        let Some(found) = store.trust_rule(&id).await? else { return Ok(None) };
        if reader.closed(&found.org_id).is_some() {
            return Ok(None);
        }
        let may = match reader {
            Reader::Person(user) | Reader::Bearer { user, .. } => {
                store.may(user, &found.org_id, Permission::GovernKeys).await?
            }
            Reader::Account(account) => {
                store.subject_may(account.as_str(), &found.org_id, Permission::GovernKeys).await?
            }
            Reader::All | Reader::Org(_) => store.find(reader, &found.app_id).await?.is_some(),
        };
        Ok(may.then_some(found))
    }
}

/// A rule to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTrustRule)]
pub struct MakeTrustRule {
    /// For people; its keys have it as their label.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, max_length = 100)]
    name: String,
    /// The issuer exactly as tokens name it. Its keys are read from `/.well-known/openid-configuration` below it.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, max_length = 500)]
    issuer: String,
    /// The audience exactly, and the only one, as the job asks for it: the address of the portal, for example.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, max_length = 255)]
    audience: String,
    /// By the name of each claim what it has to be. One of `sub`, `repository_id` and `project_id` is needed. In place of a part
    /// between `:` and `/`, `*` stands for any one part, and `**` at the end for all that follow; at least two parts come before.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true)]
    claims: BTreeMap<String, String>,
    /// Of the keys.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true)]
    environment: String,
    /// What the keys may do at most.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true)]
    scopes: Vec<String>,
    /// How long a key is valid; 15 minutes without it.
    #[schema(minimum = 60, maximum = 900, example = 900)]
    lifetime_seconds: Option<u64>,
    /// Blocks of addresses from which the keys may be used; from everywhere without it.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false, max_items = 100)]
    addresses: Vec<String>,
}

impl RequestBody for MakeTrustRule {
    const FIELDS: &str = "Its fields are name, issuer, audience, claims (an object with texts), environment, scopes (a list of \
        names) and, optionally, lifetime_seconds (a whole number) and addresses (a list of blocks).";
}

/// Changes of a rule. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TrustRuleUpdate)]
pub struct UpdateTrustRule {
    /// For people.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false, max_length = 100)]
    name: Option<String>,
    /// The issuer exactly as tokens name it.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false, max_length = 500)]
    issuer: Option<String>,
    /// The audience exactly.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false, max_length = 255)]
    audience: Option<String>,
    /// All claims that are needed from then on.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    claims: Option<BTreeMap<String, String>>,
    /// Of the keys from then on.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    environment: Option<String>,
    /// What the keys may do at most from then on.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    scopes: Option<Vec<String>>,
    /// How long a key is valid.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false, minimum = 60, maximum = 900)]
    lifetime_seconds: Option<u64>,
    /// Blocks of addresses; an empty list for everywhere.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false, max_items = 100)]
    addresses: Option<Vec<String>>,
    /// Whether it gives no keys.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    paused: Option<bool>,
}

impl RequestBody for UpdateTrustRule {
    const FIELDS: &str = "Its fields are name, issuer, audience, claims (an object with texts), environment, scopes, \
        lifetime_seconds, addresses and paused (true or false). Those left out stay as they are.";
}

/// Fails for whoever does not set the rules for keys of the organization, and for keys.
async fn needs(manager: &Manager, store: &Store, app: &App) -> Result<(), Problem> {
    if manager.is_key() {
        let detail = "A key has nothing to do with trust rules; a person or a root token can.";
        return Err(Problem::from(Error::Forbidden(detail)));
    }
    manager.needs(store, &Place::from(app), Permission::GovernKeys).await
}

/// List the trust rules of an app
///
/// All of them, oldest first: there are at most 50. For owners and admins.
#[utoipa::path(
    get, path = "/v1/apps/{app_id}/trust-rules", operation_id = "listTrustRules", tag = "Trust rules",
    params(("app_id" = String, Path)), responses((status = 200, body = Listed<TrustRuleResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    Within { manager, it: app }: Within<App>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    needs(&manager, store, &app).await?;
    let items = store.trust_rules(&app.id).await?;
    Ok(ok(Listed::of(Page { items, next: None }, |rule| TrustRuleResponse::of(rule, store.profile()))))
}

/// Make a trust rule
///
/// From then on, ID tokens that it trusts are exchanged for short-lived keys (`POST /v1/token`). The organization’s rules for keys
/// apply to each of them. For owners and admins; API keys can’t make one.
#[utoipa::path(
    post, path = "/v1/apps/{app_id}/trust-rules", operation_id = "createTrustRule", tag = "Trust rules",
    params(("app_id" = String, Path)), request_body = MakeTrustRule,
    responses(
        (status = 201, body = TrustRuleResponse),
        (status = 409, description = "The app has 50 rules (`too_many_trust_rules`), or this request was answered before \
            (`already_made`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "too_many_trust_rules",
                "detail": "An app has at most 50 trust rules. Delete one that is not needed.",
                "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn create(
    State(state): State<AppState>,
    CreationIn { parent: app, body, act }: CreationIn<App, MakeTrustRule>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let input = TrustRuleInput {
        name: Some(body.name),
        issuer: Some(body.issuer),
        audience: Some(body.audience),
        claims: Some(body.claims.into_iter().collect()),
        environment: Some(body.environment),
        scopes: Some(body.scopes),
        lifetime_seconds: body.lifetime_seconds,
        addresses: Some(body.addresses),
        paused: None,
    };
    let new = input.check_new(store.profile(), &state.context.webhook_targets).map_err(Error::from)?;
    let made = store.create_trust_rule(&act, &app, new, None).await?;
    let path = format!("/v1/trust-rules/{}", made.id);
    Ok(created(&path, TrustRuleResponse::of(made, store.profile())))
}

/// Read a trust rule
#[utoipa::path(
    get, path = "/v1/trust-rules/{trust_rule_id}", operation_id = "getTrustRule", tag = "Trust rules",
    params(("trust_rule_id" = String, Path)), responses((status = 200, body = TrustRuleResponse))
)]
pub async fn read(
    State(state): State<AppState>,
    Within { manager, it: rule }: Within<TrustRule>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    if manager.is_key() {
        return Err(Error::NotFound.into());
    }
    Ok(ok(TrustRuleResponse::of(rule, state.context.store.profile())))
}

/// Change a trust rule
///
/// Keys that it gave under other terms, or before it is paused, are refused from then on.
#[utoipa::path(
    patch, path = "/v1/trust-rules/{trust_rule_id}", operation_id = "updateTrustRule", tag = "Trust rules",
    params(("trust_rule_id" = String, Path)), request_body = UpdateTrustRule,
    responses((status = 200, body = TrustRuleResponse))
)]
pub async fn update(
    State(state): State<AppState>,
    Within { manager, it: rule }: Within<TrustRule>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<UpdateTrustRule>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let input = TrustRuleInput {
        name: body.name,
        issuer: body.issuer,
        audience: body.audience,
        claims: body.claims.map(|claims| claims.into_iter().collect()),
        environment: body.environment,
        scopes: body.scopes,
        lifetime_seconds: body.lifetime_seconds,
        addresses: body.addresses,
        paused: body.paused,
    };
    let change = input.check(store.profile(), &state.context.webhook_targets).map_err(Error::from)?;
    let changed = store.change_trust_rule(&manager.act(), &rule.id, change).await?;
    Ok(ok(TrustRuleResponse::of(changed, store.profile())))
}

/// Delete a trust rule
///
/// Keys that it gave are refused from then on.
#[utoipa::path(
    delete, path = "/v1/trust-rules/{trust_rule_id}", operation_id = "deleteTrustRule", tag = "Trust rules",
    params(("trust_rule_id" = String, Path)), responses((status = 204, description = "Its keys are refused"))
)]
pub async fn delete(
    State(state): State<AppState>,
    Within { manager, it: rule }: Within<TrustRule>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    state.context.store.delete_trust_rule(&manager.act(), &rule.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
