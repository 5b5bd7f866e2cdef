//! `/v1/keys/{key_id}/revoke`, `/v1/apps/{app_id}/keys/revoke-all` and `/v1/orgs/{org_id}/keys/revoke-all`

use axum::{
    extract::{FromRequest, Request, State},
    response::Response,
};
use sallyport::{Error, app::App, key::Key, org::Org, place::Place, text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{Manager, Within},
    answer::ok,
    key_response::KeyResponse,
    nodes::NodeRefusal,
    query::{NoParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody},
        problem::Problem,
    },
    state::AppState,
};

/// Why a key is revoked. The whole body may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Revocation)]
pub struct RevokeReason {
    /// Shown in the activity log.
    #[schema(max_length = 200, example = "It was in a public repository")]
    reason: Option<String>,
}

impl RequestBody for RevokeReason {
    const FIELDS: &str = "The only field is reason, which is optional.";
}

impl FromRequest<AppState> for RevokeReason {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        json::optional(&head.headers, body).await
    }
}

impl RevokeReason {
    pub fn check(self) -> Result<String, Error> {
        Ok(text::optional_line("reason", &self.reason.unwrap_or_default(), 200)?)
    }
}

/// A revoked key, and whether every node refuses it.
#[derive(Serialize, ToSchema)]
#[schema(as = RevokedKey)]
pub struct RevokedKeyResponse {
    #[serde(flatten)]
    key: KeyResponse,
    /// Whether every node refuses the key now: always `true`, since it is answered only then.
    confirmed: bool,
    /// When each node refused it.
    nodes: Vec<NodeRefusal>,
    /// Whether it is in the revocation journal. If not, the key is refused all the same, but a restored backup would accept it.
    journaled: bool,
}

/// How many keys were revoked.
#[derive(Serialize, ToSchema)]
#[schema(as = Revoked)]
pub struct RevokedCount {
    /// Number of keys revoked by this request, without those revoked before.
    #[schema(example = 12)]
    revoked: u64,
    /// Whether that is in the revocation journal, as for a single key.
    journaled: bool,
}

/// Revoke a key
///
/// Permanent. Once this is answered, every node refuses every request with the key. Revoking again changes nothing. It
/// normally takes some milliseconds, and about 1.2 seconds if a node hangs, at most about 3.2. After 503 with the code `outcome_unknown`,
/// revoke again: it may have been revoked.
#[utoipa::path(
    post, path = "/v1/keys/{key_id}/revoke", operation_id = "revokeKey", tag = "Keys", params(("key_id" = String, Path)),
    request_body = Option<RevokeReason>, responses((status = 200, body = RevokedKeyResponse))
)]
pub async fn revoke(
    State(state): State<AppState>,
    key: Within<Key>,
    _: QueryParams<NoParams>,
    why: RevokeReason,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let confirmed = store.revoke_key_confirmed(&key.manager.act(), &key.it, why.check()?).await?;
    let revoked = store.find(key.manager.reader(), &key.it.id).await?.ok_or(Error::NotFound)?;
    let key = KeyResponse::found(store, revoked).await?;
    let journaled = confirmed.journaled;
    Ok(ok(RevokedKeyResponse { key, confirmed: true, nodes: NodeRefusal::of(confirmed), journaled }))
}

/// Revoke every key of an app
///
/// Permanent, and effective at once.
#[utoipa::path(
    post, path = "/v1/apps/{app_id}/keys/revoke-all", operation_id = "revokeAllAppKeys", tag = "Keys", params(("app_id" = String, Path)),
    request_body = Option<RevokeReason>, responses((status = 200, body = RevokedCount))
)]
pub async fn revoke_all_of_app(
    State(state): State<AppState>,
    app: Within<App>,
    _: QueryParams<NoParams>,
    why: RevokeReason,
) -> Result<Response, Problem> {
    revoke_all(&state, &app.manager, &Place::from(&app.it), why).await
}

/// Revoke every key of an organization
///
/// Permanent, and effective at once.
#[utoipa::path(
    post, path = "/v1/orgs/{org_id}/keys/revoke-all", operation_id = "revokeAllOrganizationKeys", tag = "Keys", params(("org_id" = String, Path)),
    request_body = Option<RevokeReason>, responses((status = 200, body = RevokedCount))
)]
pub async fn revoke_all_of_org(
    State(state): State<AppState>,
    org: Within<Org>,
    _: QueryParams<NoParams>,
    why: RevokeReason,
) -> Result<Response, Problem> {
    revoke_all(&state, &org.manager, &Place::from(&org.it), why).await
}

async fn revoke_all(
    state: &AppState,
    manager: &Manager,
    place: &Place,
    why: RevokeReason,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let (revoked, journaled) = store.revoke_all_journaled(&manager.act(), place, why.check()?).await?;
    Ok(ok(RevokedCount { revoked, journaled }))
}
