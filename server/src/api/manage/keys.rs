//! `/v1/apps/{app_id}/keys`, `/v1/orgs/{org_id}/keys` and `/v1/keys/{key_id}`

use axum::{extract::State, response::Response};
use sallyport::{
    Result, Timestamp,
    app::App,
    approval::Asked,
    audit::Act,
    id::{AppId, OrgId},
    key::{Addresses, ExpiryInput, Holder, Key, NewKey, new::KeyInput},
    key_policy::Deadlines,
    org::Org,
    store::{KeyFilter, KeyStatus, Sight, Store},
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use super::{
    access::Within,
    answer::{Listed, created, ok},
    approvals::{WaitingResponse, waiting},
    creation::CreationIn,
    key_response::{IssuedKeyResponse, KeyResponse},
    query::{self, NoParams, Parameters, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody},
        problem::Problem,
        schema::{about, words},
    },
    state::AppState,
};

/// An API key to issue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
pub struct CreateKey {
    /// Where the key is used, for people.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_length = 1, max_length = 100, example = "CI")]
    label: String,
    /// One of the environments of this deployment; it decides the key's mode and prefix.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, example = "production")]
    environment: String,
    /// Scopes of this deployment's catalogue.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, example = json!(["read"]))]
    scopes: Vec<String>,
    /// When the key expires: between a minute and 3650 days ahead. Without it, as the rules of the organization say; never if
    /// they say nothing.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// JSON object of up to 2 KB; every verdict about the key returns it.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
    /// Addresses and blocks from which the key may be used. Without any, from every address.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false, max_items = 100)]
    addresses: Vec<String>,
    /// Whether requests from elsewhere are refused, or noted in the activity log only.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(value_type = Option<bool>, default = false)]
    addresses_enforced: bool,
    /// Whether the key gets a signing secret too.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schema(value_type = Option<bool>, default = true)]
    signing_secret: bool,
}

const fn yes() -> bool {
    true
}

fn or_yes<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(true))
}

impl RequestBody for CreateKey {
    const FIELDS: &str = "Its fields are label, environment, scopes (a list of names), expires_at (RFC 3339), \
        metadata (an object), addresses (a list), addresses_enforced and signing_secret (true or false).";
}

/// Which keys of the app.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyListParams {
    /// Entries at most.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100, default = 25, nullable = false)]
    limit: Option<std::num::NonZeroU8>,
    /// The `next_cursor` of the previous part.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Include revoked keys.
    #[serde(default, deserialize_with = "query::flag")]
    #[param(default = false, required = false)]
    include_revoked: bool,
    #[param(schema_with = statuses, required = false)]
    status: Option<String>,
    /// Only keys whose label contains this.
    #[param(nullable = false, max_length = 100)]
    label: Option<String>,
    /// Only keys of this environment.
    #[param(nullable = false, max_length = 100)]
    environment: Option<String>,
    /// Only keys that have this scope, or one that implies it. With the name of a bundle: all scopes of the bundle.
    #[param(nullable = false, max_length = 100)]
    scope: Option<String>,
}

impl Parameters for KeyListParams {
    const FIELDS: &str = "The query takes limit (1 to 100), cursor (the next_cursor of the previous part), \
        include_revoked (true or false), status, label, environment and scope, each once.";
}

impl KeyListParams {
    fn filter(self, sight: Sight) -> Result<KeyFilter, Problem> {
        let status = match self.status.as_deref() {
            None => None,
            Some(word) => Some(KeyStatus::parse(word).filter(|status| lists_keys(*status)).ok_or_else(no_status)?),
        };
        let filter = KeyFilter {
            include_revoked: self.include_revoked,
            label: query::word("label", self.label)?,
            environment: query::word("environment", self.environment)?,
            scope: query::word("scope", self.scope)?,
            status,
            limit: Some(query::limit(self.limit)?),
            before: self.cursor,
            sight,
            ..KeyFilter::default()
        };
        match &filter.before {
            Some(cursor) if !filter.is_cursor(cursor) => Err(query::no_cursor()),
            _ => Ok(filter),
        }
    }
}

/// Requests for keys are listed by themselves.
fn lists_keys(status: KeyStatus) -> bool {
    status != KeyStatus::WaitingForApproval
}

fn status_words() -> impl Iterator<Item = &'static str> {
    KeyStatus::ALL.iter().filter(|status| lists_keys(**status)).map(|status| status.as_str())
}

fn statuses() -> Object {
    let text = "Only keys with this status. `suspended`: the app or owner is archived; `unused`: active, and not used for 30 days; \
        `expiring`, `expiring_30`: active, and expires within 14 or 30 days; `rotation_due`, `paused_soon`: active, and by the \
        rules of the organization its secret is due to be replaced, or it is paused within a week unless it is used.";
    about(text, words(status_words()))
}

fn no_status() -> Problem {
    let words: Vec<_> = status_words().collect();
    Problem::bad_request(format!(
        "The status is one of {}. What waits for an approval is no key yet: \
         GET /v1/orgs/{{org_id}}/approvals?status=waiting_for_approval lists it.",
        words.join(", ")
    ))
}

/// List the keys of an app
///
/// Newest first, without revoked ones unless requested. Never their secrets.
#[utoipa::path(
    get, path = "/v1/apps/{app_id}/keys", operation_id = "listKeys", tag = "Keys", params(("app_id" = String, Path), KeyListParams),
    responses((status = 200, body = Listed<KeyResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    app: Within<App>,
    QueryParams(params): QueryParams<KeyListParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let seen = app.manager.seen(store, &app.it.org_id).await?;
    listed(store, &app.it.org_id, Some(&app.it.id), params.filter(seen)?).await
}

/// Issue a key
///
/// The secrets are in this answer only. Send an `Idempotency-Key`, so that a retry does not issue a second key. Where the rules
/// of the organization demand an approval, nothing is issued: the answer is 202 with the request.
#[utoipa::path(
    post, path = "/v1/apps/{app_id}/keys", operation_id = "createKey", tag = "Keys", params(("app_id" = String, Path)), request_body = CreateKey,
    responses(
        (status = 201, body = IssuedKeyResponse),
        (status = 202, description = "It waits for the approval of another person", body = WaitingResponse),
    )
)]
pub async fn create(
    State(state): State<AppState>,
    CreationIn { parent: app, body, act }: CreationIn<App, CreateKey>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    issue(store, &act, Holder::from(&app), &body).await
}

/// List the keys of an organization
///
/// Including those of its apps and members. Newest first, without revoked ones unless requested.
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/keys", operation_id = "listOrganizationKeys", tag = "Keys", params(("org_id" = String, Path), KeyListParams),
    responses((status = 200, body = Listed<KeyResponse>))
)]
pub async fn list_of_org(
    State(state): State<AppState>,
    org: Within<Org>,
    QueryParams(params): QueryParams<KeyListParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let seen = org.manager.seen(store, &org.it.id).await?;
    listed(store, &org.it.id, None, params.filter(seen)?).await
}

async fn listed(store: &Store, org: &OrgId, app: Option<&AppId>, filter: KeyFilter) -> Result<Response, Problem> {
    let (data, next_cursor) = responses(store, org, app, &filter).await?;
    Ok(ok(Listed { data, next_cursor }))
}

/// The keys that match, with their apps, and the cursor of the next part.
pub async fn responses(
    store: &Store,
    org: &OrgId,
    app: Option<&AppId>,
    filter: &KeyFilter,
) -> Result<(Vec<KeyResponse>, Option<String>)> {
    let page = store.keys(org, app, filter).await?;
    let (apps, now) = (store.apps_of(org, page.keys.iter().filter_map(|key| key.app_id.as_ref())).await?, store.now());
    let rules = Deadlines::from(&store.key_policy(org).await?.policy);
    let with_app = |key: Key| {
        let app = key.app_id.as_ref().and_then(|app| apps.get(app));
        KeyResponse::of(key, app, rules, now)
    };
    Ok((page.keys.into_iter().map(with_app).collect(), page.older))
}

/// Issue a key of an organization
///
/// If the profile says that keys belong to organizations; otherwise keys are issued for an app.
#[utoipa::path(
    post, path = "/v1/orgs/{org_id}/keys", operation_id = "createOrganizationKey", tag = "Keys", params(("org_id" = String, Path)), request_body = CreateKey,
    responses(
        (status = 201, body = IssuedKeyResponse),
        (status = 202, description = "It waits for the approval of another person", body = WaitingResponse),
    )
)]
pub async fn create_of_org(
    State(state): State<AppState>,
    CreationIn { parent: org, body, act }: CreationIn<Org, CreateKey>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    issue(store, &act, Holder::Organization(org), &body).await
}

async fn issue(store: &Store, act: &Act, holder: Holder, body: &CreateKey) -> Result<Response, Problem> {
    let mut new = check(body, store.profile(), store.now())?;
    if body.expires_at.is_none() {
        new.expires_at = store.key_policy(holder.org_id()).await?.policy.default_expiry(store.now());
    }
    match store.issue_or_ask(act, holder, new, None).await? {
        Asked::Done(issued) => Ok(created(&format!("/v1/keys/{}", issued.key.id), IssuedKeyResponse::of(&issued))),
        Asked::Waits(approval) => Ok(waiting(approval)),
    }
}

fn check(body: &CreateKey, profile: &sallyport::profile::Profile, now: Timestamp) -> Result<NewKey> {
    let addresses = Addresses::check_list(&body.addresses);
    let input = KeyInput {
        label: &body.label,
        environment: &body.environment,
        scopes: body.scopes.iter().map(String::as_str).collect(),
        expires: body.expires_at.as_deref().map_or(ExpiryInput::Never, ExpiryInput::Moment),
        metadata: body.metadata.as_deref().map(RawValue::get).unwrap_or_default(),
        signing_secret: body.signing_secret,
        ..KeyInput::default()
    };
    let new = NewKey::check(&input, profile, now);
    match (new, addresses) {
        (Ok(new), Ok(addresses)) => {
            let addresses_enforced = body.addresses_enforced && !addresses.is_empty();
            Ok(NewKey { addresses, addresses_enforced, ..new })
        }
        (new, addresses) => {
            let mut invalid = new.err().unwrap_or_default();
            invalid.0.extend(addresses.err().unwrap_or_default().0);
            Err(invalid.into())
        }
    }
}

/// Read a key
#[utoipa::path(
    get, path = "/v1/keys/{key_id}", operation_id = "getKey", tag = "Keys", params(("key_id" = String, Path)),
    responses((status = 200, body = KeyResponse))
)]
pub async fn read(
    State(state): State<AppState>,
    key: Within<Key>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    Ok(ok(KeyResponse::found(&state.context.store, key.it).await?))
}
