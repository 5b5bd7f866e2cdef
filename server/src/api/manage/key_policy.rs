//! `/v1/orgs/{org_id}/key-policy`

use axum::{extract::State, response::Response};
use sallyport::{
    key_policy::{KeyPolicy, LongestLifetime},
    leak::LeakResponse,
    org::Org,
    store::PolicyInForce,
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    access::Within,
    answer::ok,
    query::{NoParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody, Sent},
        problem::Problem,
        schema::{about, words},
    },
    state::AppState,
};

/// Rules for the keys of an organization. What is left out is not restricted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKeyPolicy)]
pub struct SetKeyPolicy {
    /// How long keys live at most; a key obeys each rule that applies to it.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false, max_items = 20)]
    longest_lifetime: Vec<Lifetime>,
    /// The expiry of a new key for which none is named.
    #[schema(minimum = 1, maximum = 3650)]
    default_expiry_days: Option<u32>,
    /// How many keys an app has that are neither revoked nor expired; where keys belong to people or organizations, each of
    /// these.
    #[schema(minimum = 1, maximum = 100_000)]
    most_keys_per_app: Option<u32>,
    /// Keys of these environments wait for the approval of another person.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false)]
    approval_environments: Vec<String>,
    /// So do keys that are granted one of these scopes.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false)]
    approval_scopes: Vec<String>,
    /// A key is paused that was not used for so long.
    #[schema(minimum = 1, maximum = 3650)]
    pause_unused_days: Option<u32>,
    /// When a secret is due to be replaced.
    #[schema(minimum = 1, maximum = 3650)]
    rotate_every_days: Option<u32>,
    /// Whether keys for real data have to name their addresses, and refuse others.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false)]
    addresses_in_production: bool,
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(schema_with = responses_to_leaks, required = false)]
    on_leak: LeakResponse,
    /// The `version` that these rules replace; 409 if there is another one by now. Without it, any.
    #[schema(minimum = 0)]
    version: Option<i64>,
}

/// How long keys live at most, in days of the calendar (UTC) from their creation.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LongestLifetime)]
pub struct Lifetime {
    /// Only keys of this environment; `null` for all.
    #[serde(default)]
    #[schema(required = false)]
    environment: Option<String>,
    /// Only keys that are granted this scope; `null` for all.
    #[serde(default)]
    #[schema(required = false)]
    scope: Option<String>,
    /// From its creation to its expiry.
    #[schema(minimum = 1, maximum = 3650)]
    days: u32,
}

fn responses_to_leaks() -> Object {
    let text = "What is done about a key that leaked: it is revoked (the default), paused, or only announced.";
    about(text, words(LeakResponse::ALL.map(LeakResponse::as_str)))
}

impl RequestBody for SetKeyPolicy {
    const FIELDS: &str = "Its fields are longest_lifetime (a list of objects with days and, optionally, environment and scope), \
        default_expiry_days, most_keys_per_app, pause_unused_days and rotate_every_days (whole numbers), approval_environments \
        and approval_scopes (lists of names), addresses_in_production (true or false), on_leak (revoke, pause or announce) and version.";
}

/// The rules for the keys of an organization.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyPolicy)]
pub struct KeyPolicyResponse {
    /// How long keys live at most; a key obeys each rule that applies to it.
    longest_lifetime: Vec<Lifetime>,
    /// The expiry of a new key for which none is named; `null` for never.
    #[schema(required = true)]
    default_expiry_days: Option<u32>,
    /// How many keys an app, a person or an organization has; `null` for any number.
    #[schema(required = true)]
    most_keys_per_app: Option<u32>,
    /// Keys of these environments wait for the approval of another person.
    approval_environments: Vec<String>,
    /// So do keys that are granted one of these scopes.
    approval_scopes: Vec<String>,
    /// A key is paused that was not used for so long; `null` for never.
    #[schema(required = true)]
    pause_unused_days: Option<u32>,
    /// When a secret is due to be replaced; `null` for never.
    #[schema(required = true)]
    rotate_every_days: Option<u32>,
    /// Whether keys for real data have to name their addresses, and refuse others.
    addresses_in_production: bool,
    #[schema(schema_with = responses_to_leaks)]
    on_leak: LeakResponse,
    /// How often the organization changed its rules; 0 if they are those of the deployment’s profile.
    version: i64,
}

impl From<PolicyInForce> for KeyPolicyResponse {
    fn from(PolicyInForce { policy, version }: PolicyInForce) -> Self {
        let lifetime = |LongestLifetime { environment, scope, days }| Lifetime { environment, scope, days };
        Self {
            longest_lifetime: policy.longest_lifetime.into_iter().map(lifetime).collect(),
            default_expiry_days: policy.default_expiry_days,
            most_keys_per_app: policy.most_keys_per_app,
            approval_environments: policy.approval_environments,
            approval_scopes: policy.approval_scopes,
            pause_unused_days: policy.pause_unused_days,
            rotate_every_days: policy.rotate_every_days,
            addresses_in_production: policy.addresses_in_production,
            on_leak: policy.on_leak,
            version,
        }
    }
}

/// Read the rules for keys
///
/// Those of the organization, or else those of the deployment’s profile.
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/key-policy", operation_id = "getKeyPolicy", tag = "Rules for keys",
    params(("org_id" = String, Path)), responses((status = 200, body = KeyPolicyResponse))
)]
pub async fn read(
    State(state): State<AppState>,
    org: Within<Org>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    Ok(ok(KeyPolicyResponse::from(state.context.store.key_policy(&org.it.id).await?)))
}

/// Set the rules for keys
///
/// For owners and admins. They replace all rules before, and apply to what is made or given more from then on: keys that break
/// them stay as they are. API keys can’t set them.
#[utoipa::path(
    put, path = "/v1/orgs/{org_id}/key-policy", operation_id = "putKeyPolicy", tag = "Rules for keys",
    params(("org_id" = String, Path)), request_body = SetKeyPolicy,
    responses(
        (status = 200, body = KeyPolicyResponse),
        (status = 409, description = "Somebody else changed them meanwhile (`changed_meanwhile`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "changed_meanwhile",
                "detail": "Somebody else changed the rules meanwhile. Look at them, then send yours again.",
                "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn set(
    State(state): State<AppState>,
    org: Within<Org>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<SetKeyPolicy>,
) -> Result<Response, Problem> {
    let lifetime = |Lifetime { environment, scope, days }| LongestLifetime { environment, scope, days };
    let policy = KeyPolicy {
        longest_lifetime: body.longest_lifetime.into_iter().map(lifetime).collect(),
        default_expiry_days: body.default_expiry_days,
        most_keys_per_app: body.most_keys_per_app,
        approval_environments: body.approval_environments,
        approval_scopes: body.approval_scopes,
        pause_unused_days: body.pause_unused_days,
        rotate_every_days: body.rotate_every_days,
        addresses_in_production: body.addresses_in_production,
        on_leak: body.on_leak,
    };
    let set = state.context.store.set_key_policy(&org.manager.act(), &org.it, policy, body.version).await?;
    Ok(ok(KeyPolicyResponse::from(set)))
}
