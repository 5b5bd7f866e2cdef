//! `/v1/apps/{app_id}/capabilities` and `/v1/apps/{app_id}/capabilities/revoke-all`

use axum::{extract::State, response::Response};
use sallyport::{Error, Timestamp, app::App, capability::NewCapability, id::CapabilityId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::Within,
    answer::{created_unaddressed, ok},
    creation::CreationIn,
    query::{NoParams, QueryParams},
    revocation::RevokeReason,
};
use crate::{
    api::{
        json::{self, RequestBody},
        problem::Problem,
    },
    state::AppState,
};

/// A token to mint. It needs a module or a channel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCapability)]
pub struct MintCapability {
    /// The person or thing that the app may do this for, as your app names it.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_length = 1, max_length = 200)]
    subject: String,
    /// Names of the profile’s catalogue of modules.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(value_type = Option<Vec<String>>)]
    modules: Vec<String>,
    /// Names of the profile’s catalogue of channels.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(value_type = Option<Vec<String>>)]
    channels: Vec<String>,
    /// For how many seconds it is valid; without it, as long as the profile says.
    #[schema(minimum = 60, maximum = 31_536_000)]
    expires_in: Option<u64>,
}

impl RequestBody for MintCapability {
    const FIELDS: &str = "The fields are subject (required), modules, channels and expires_in (a whole number).";
}

/// A minted token. It is not stored, and only this answer has it.
#[derive(Serialize, ToSchema)]
#[schema(as = Capability)]
pub struct MintedResponse {
    /// Its id, which the activity log and the token itself have.
    #[schema(value_type = String)]
    capability_id: CapabilityId,
    /// The token: a JSON Web Token of the type `sallyport-capability+jwt`.
    capability_token: String,
    /// When it expires.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Mint a capability token
///
/// By root tokens and people who manage the keys of the app, and by keys of the app whose scope the profile lets mint
/// (`mint_capabilities`).
#[utoipa::path(
    post, path = "/v1/apps/{app_id}/capabilities", operation_id = "mintCapability", tag = "Capability tokens",
    params(("app_id" = String, Path)), request_body = MintCapability, responses((status = 201, body = MintedResponse))
)]
pub async fn mint(
    State(state): State<AppState>,
    CreationIn { parent: app, body, act }: CreationIn<App, MintCapability>,
) -> Result<Response, Problem> {
    let (store, issuer) = (&state.context.store, &state.context.public_url);
    let rules = &store.profile().capabilities;
    let new = NewCapability::check(&body.subject, &body.modules, &body.channels, body.expires_in, rules);
    let minted = store.mint_capability(&act, &app, issuer, new.map_err(Error::from)?).await?;
    Ok(created_unaddressed(MintedResponse {
        capability_id: minted.id,
        capability_token: minted.token,
        expires_at: minted.expires_at,
    }))
}

/// What was revoked.
#[derive(Serialize, ToSchema)]
#[schema(as = RevokedCapabilities)]
pub struct RevokedResponse {
    /// The epoch of tokens from now on; those of earlier ones are revoked. A reader that works without asking can be given it.
    epoch: i64,
}

/// Revoke all capability tokens of an app
///
/// Permanent: all that were minted before are refused by the portal from now on. A reader that only has the public keys
/// accepts them until they expire, unless it knows the epoch.
#[utoipa::path(
    post, path = "/v1/apps/{app_id}/capabilities/revoke-all", operation_id = "revokeCapabilities",
    tag = "Capability tokens", params(("app_id" = String, Path)),
    request_body = Option<RevokeReason>, responses((status = 200, body = RevokedResponse))
)]
pub async fn revoke_all(
    State(state): State<AppState>,
    app: Within<App>,
    _: QueryParams<NoParams>,
    why: RevokeReason,
) -> Result<Response, Problem> {
    let epoch = state.context.store.revoke_capabilities(&app.manager.act(), &app.it, why.check()?).await?;
    Ok(ok(RevokedResponse { epoch }))
}
