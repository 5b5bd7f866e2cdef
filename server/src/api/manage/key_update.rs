//! `PATCH /v1/keys/{key_id}`: a JSON merge patch (RFC 7396).

use std::num::NonZeroU32;

use axum::{extract::State, response::Response};
use sallyport::{
    Error, Invalid,
    key::{
        Addresses, Key, KeyChange, expiry,
        metadata::MetadataPatch,
        new::{check_label, check_scopes},
        restrictions::{check_per_day, check_per_minute},
    },
    profile::Profile,
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    access::Within,
    answer::ok,
    approvals::{WaitingResponse, waiting},
    key_response::KeyResponse,
    query::{NoParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody, Sent},
        problem::Problem,
    },
    state::AppState,
};

/// Changes of an API key: a JSON merge patch (RFC 7396). Fields that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyUpdate)]
pub struct UpdateKey {
    /// Where the key is used, for people.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    label: Option<String>,
    /// Merged into the metadata of the key: `null` removes an entry, or all of them.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
    /// The new scopes of the key, all of them, from the catalogue of this deployment.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    scopes: Option<Vec<String>>,
    /// When the key expires: between a minute and 3650 days ahead; `null` for never.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<String>>,
    /// All addresses and blocks from which the key may be used; `null` or an empty list for every address.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    addresses: Option<Option<Vec<String>>>,
    /// Whether requests from elsewhere are refused, or noted in the activity log only.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    addresses_enforced: Option<bool>,
    /// Whether requests have to be signed. The key needs a signing secret for that.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    require_signed: Option<bool>,
    /// Requests per minute; `null`: the limit of the app or the plan applies. Only root tokens can exceed the plan’s.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    limit_per_minute: Option<Option<NonZeroU32>>,
    /// Requests per UTC day; `null`: the limit of the app or the plan applies. Only root tokens can exceed the plan’s.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000_000)]
    limit_per_day: Option<Option<NonZeroU32>>,
    /// Whether requests with the key are refused until this is `false` again.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    paused: Option<bool>,
}

/// A field that is present, and may be `null`.
fn or_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl RequestBody for UpdateKey {
    const FIELDS: &str = "Its fields are label, metadata (an object), scopes (a list of names), expires_at (RFC 3339), addresses \
        (a list), addresses_enforced, require_signed and paused (true or false), limit_per_minute and limit_per_day (whole \
        numbers). Those left out stay as they are; null clears expires_at, metadata, addresses and limits.";
}

impl UpdateKey {
    fn check(self, profile: &Profile) -> Result<KeyChange, Invalid> {
        let mut invalid = Invalid::default();
        let expires_at = match self.expires_at {
            Some(Some(text)) => invalid.take(expiry::moment(&text).map(|at| Some(Some(at)))),
            other => other.map(|_| None),
        };
        let scopes = self.scopes.as_ref().map(|scopes| scopes.iter().map(String::as_str).collect::<Vec<_>>());
        let change = KeyChange {
            label: invalid.take(self.label.as_deref().map(check_label).transpose()),
            metadata: invalid.take(self.metadata.as_deref().map(|text| MetadataPatch::check(text.get())).transpose()),
            scopes: invalid.take(scopes.map(|scopes| check_scopes(&scopes, profile)).transpose()),
            expires_at,
            addresses: invalid
                .take(self.addresses.map(|list| Addresses::check_list(&list.unwrap_or_default())).transpose()),
            addresses_enforced: self.addresses_enforced,
            require_signed: self.require_signed,
            limit_per_minute: invalid.take(limit(self.limit_per_minute, check_per_minute)),
            limit_per_day: invalid.take(limit(self.limit_per_day, check_per_day)),
            paused: self.paused,
            seen: None,
        };
        invalid.or(change)
    }
}

fn limit(
    asked: Option<Option<NonZeroU32>>,
    check: fn(u32) -> Result<u32, Invalid>,
) -> Result<Option<Option<u32>>, Invalid> {
    asked.map(|limit| limit.map(|limit| check(limit.get())).transpose()).transpose()
}

/// Change a key
///
/// The body is a JSON merge patch (RFC 7396): fields that are left out stay as they are, and `null` clears the
/// expiry, the metadata, the addresses and the limits. `application/merge-patch+json` is accepted, too. Either all
/// changes are applied or none; the response is sent once the verifier applies them. An API key that manages its
/// organization can’t change itself, nor add permissions to another one that manages. A revoked or expired key can’t
/// be changed.
#[utoipa::path(
    patch, path = "/v1/keys/{key_id}", operation_id = "updateKey", tag = "Keys", params(("key_id" = String, Path)),
    request_body = UpdateKey,
    responses(
        (status = 200, body = KeyResponse),
        (status = 202, description = "It waits for the approval of another person, and nothing was changed",
            body = WaitingResponse),
        (status = 409, description = "The key is revoked (`key_revoked`) or has expired (`key_expired`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "key_revoked",
                "detail": "This key is revoked, so it can’t be changed.", "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn update(
    State(state): State<AppState>,
    key: Within<Key>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<UpdateKey>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let change = body.check(store.profile()).map_err(Error::from)?;
    if let Some(approval) = store.change_key(&key.manager.act(), &key.it, change).await? {
        return Ok(waiting(approval));
    }
    let changed = store.find(key.manager.reader(), &key.it.id).await?.ok_or(Error::NotFound)?;
    Ok(ok(KeyResponse::found(store, changed).await?))
}
