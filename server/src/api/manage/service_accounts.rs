//! `/v1/orgs/{org_id}/service-accounts` and `/v1/service-accounts/{service_account_id}`

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sallyport::{
    Error, Result as StoreResult, Timestamp,
    id::{OrgId, ProjectId, ServiceAccountId, TenantId},
    member::{Permission, Role},
    org::Org,
    place::{Place, PlaceKind, PlaceRef},
    service_account::{AccountStatus, ServiceAccount, may_have},
    store::{Page, Reader, Sight, Store},
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    access::{Manager, Reachable, Within},
    answer::{Listed, created, ok},
    creation::CreationIn,
    members::{places, role_in},
    query::{NoParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody, Sent},
        problem::Problem,
        schema::{or_null, words},
    },
    state::AppState,
};

/// A member that is no person: automation acts with its tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceAccount)]
pub struct AccountResponse {
    #[schema(value_type = String, example = "sva_5F4iGN2e1DLY")]
    service_account_id: ServiceAccountId,
    #[schema(value_type = String)]
    org_id: OrgId,
    name: String,
    /// What it may do, as docs/roles.md lists it; `null` once the place was deleted.
    #[schema(schema_with = some_role, required = true)]
    role: Option<Role>,
    /// Where the role applies, and to everything below.
    #[schema(schema_with = some_place, required = true)]
    place: Option<&'static str>,
    #[schema(required = true)]
    place_id: Option<String>,
    #[schema(schema_with = statuses)]
    status: &'static str,
    /// How many of its tokens have not ended.
    tokens: i64,
    /// When one of them was used last, to the minute; `null` if never.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

fn account_roles() -> Object {
    words(Role::ALL.into_iter().filter(|role| may_have(*role)).map(Role::as_str))
}

fn some_role() -> Object {
    or_null(account_roles())
}

fn some_place() -> Object {
    or_null(places())
}

fn statuses() -> Object {
    words(AccountStatus::ALL.map(AccountStatus::as_str))
}

impl From<ServiceAccount> for AccountResponse {
    fn from(account: ServiceAccount) -> Self {
        let status = account.status().as_str();
        let role = account.role;
        Self {
            service_account_id: account.id,
            org_id: account.org_id,
            name: account.name,
            place: role.as_ref().map(|role| role.kind.noun()),
            role: role.as_ref().map(|role| role.role),
            place_id: role.map(|role| role.place_id),
            status,
            tokens: account.tokens,
            last_used_at: account.last_used_at,
            created_at: account.created_at,
        }
    }
}

/// For people who manage members where it has its role, and for root tokens. It does not exist for others, nor for service
/// accounts.
impl Reachable for ServiceAccount {
    fn org(&self) -> &OrgId {
        &self.org_id
    }

    async fn find(store: &Store, reader: Reader<'_>, id: &str) -> StoreResult<Option<Self>> {
        let Some(id) = ServiceAccountId::parse(id) else { return Ok(None) };
        let Some(found) = store.service_account(&id).await? else { return Ok(None) };
        let sees = match reader {
            Reader::All => true,
            Reader::Org(org) => *org == found.org_id,
            Reader::Account(_) => false,
            Reader::Person(user) | Reader::Bearer { user, .. } => {
                let at = found.role.as_ref().map(|role| (role.kind, role.place_id.as_str()));
                let (kind, id) = at.unwrap_or((PlaceKind::Org, found.org_id.as_str()));
                let place = PlaceRef { kind, id, org_id: &found.org_id };
                // The organization may require a token that was made in a session of its issuer.
                store.find(reader, &found.org_id).await?.is_some()
                    && store.may(user, place, Permission::ManageMembers).await?
            }
        };
        Ok(sees.then_some(found))
    }
}

/// A service account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewServiceAccount)]
pub struct MakeAccount {
    /// What it is for. The activity names it.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_length = 1, max_length = 100)]
    name: String,
    /// Never one that allows more than the caller may do there.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, schema_with = account_roles)]
    role: String,
    /// The id of the organization, or of a tenant or project in it. Without it, the organization.
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = false)]
    place_id: String,
}

impl RequestBody for MakeAccount {
    const FIELDS: &str = "Its fields are name, role and, optionally, place_id.";
}

/// Changes of a service account. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceAccountUpdate)]
pub struct UpdateAccount {
    /// What it is for.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Instead of the role that it has. One that allows more revokes its tokens.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(required = false, schema_with = account_roles)]
    role: Option<String>,
    /// Where the role applies: the id of the organization, or of a tenant or project in it. One that is not within the place of
    /// before revokes its tokens.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    place_id: Option<String>,
    /// Whether requests with its tokens are refused.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

impl RequestBody for UpdateAccount {
    const FIELDS: &str =
        "Its fields are name, role, place_id and disabled (true or false). Those left out stay as they are.";
}

/// A place of the organization, by the id that was sent.
async fn place_in(store: &Store, org: &Org, id: &str) -> Result<Place, Problem> {
    let within = Reader::Org(&org.id);
    let place = match (TenantId::parse(id), ProjectId::parse(id)) {
        _ if id.is_empty() || id == org.id.as_str() => Some(Place::from(org)),
        (Some(tenant), _) => store.find(within, &tenant).await?.map(|tenant| Place::from(&tenant)),
        (_, Some(project)) => store.find(within, &project).await?.map(|project| Place::from(&project)),
        _ => None,
    };
    let message = "Send the id of the organization, or of a tenant or project in it.";
    Ok(place.ok_or_else(|| Error::field("place_id", message))?)
}

/// Keys manage no service accounts, and do not see any; nor do service accounts.
pub(super) fn manages_accounts(manager: &Manager) -> Result<(), Problem> {
    if manager.is_key() || manager.is_service_account() {
        let detail = "Service accounts are managed by people and root tokens.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    Ok(())
}

/// List the service accounts of an organization
///
/// By name: those whose role is at a place where the caller manages members. There are at most 200.
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/service-accounts", operation_id = "listServiceAccounts", tag = "Service accounts",
    params(("org_id" = String, Path)), responses((status = 200, body = Listed<AccountResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    Within { manager, it: org }: Within<Org>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    manages_accounts(&manager)?;
    let store = &state.context.store;
    let sight = match manager.bearer() {
        None => Sight::ALL,
        Some(bearer) => {
            let (user, permission) = (&bearer.user.id, Permission::ManageMembers);
            if store.may(user, &org.id, permission).await? {
                Sight::ALL
            } else if store.may_somewhere(user, &org.id, permission).await? {
                Sight::of_person(user, permission)
            } else {
                manager.needs(store, &Place::from(&org), permission).await?;
                Sight::ALL
            }
        }
    };
    let items = store.service_accounts(&org.id, &sight).await?;
    Ok(ok(Listed::of(Page { items, next: None }, AccountResponse::from)))
}

/// Make a service account
///
/// It can do nothing before it has a token.
#[utoipa::path(
    post, path = "/v1/orgs/{org_id}/service-accounts", operation_id = "createServiceAccount", tag = "Service accounts",
    params(("org_id" = String, Path)), request_body = MakeAccount,
    responses(
        (status = 201, body = AccountResponse),
        (status = 409, description = "The organization has 200 service accounts (`too_many_service_accounts`), or this request \
            was answered before (`already_made`)",
            content_type = "application/problem+json", body = Problem, example = json!({
                "type": "about:blank", "title": "Conflict", "status": 409, "code": "too_many_service_accounts",
                "detail": "An organization has at most 200 service accounts. Remove one first.",
                "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
            })),
    )
)]
pub async fn create(
    State(state): State<AppState>,
    CreationIn { parent: org, body, act }: CreationIn<Org, MakeAccount>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let place = place_in(store, &org, &body.place_id).await?;
    let role = role_in(place.kind, &body.role)?;
    let made = store.create_service_account(&act, &place, &body.name, role).await?;
    let path = format!("/v1/service-accounts/{}", made.id);
    Ok(created(&path, AccountResponse::from(made)))
}

/// Read a service account
#[utoipa::path(
    get, path = "/v1/service-accounts/{service_account_id}", operation_id = "getServiceAccount", tag = "Service accounts",
    params(("service_account_id" = String, Path)), responses((status = 200, body = AccountResponse))
)]
pub async fn read(
    Within { manager, it: account }: Within<ServiceAccount>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    manages_accounts(&manager)?;
    Ok(ok(AccountResponse::from(account)))
}

/// Change a service account
///
/// With a role that allows less or the same, its tokens keep working. **If it may do more afterwards, its tokens are revoked**, and
/// `tokens` in the answer is 0. While it is disabled, requests with them are refused.
#[utoipa::path(
    patch, path = "/v1/service-accounts/{service_account_id}", operation_id = "updateServiceAccount",
    tag = "Service accounts",
    params(("service_account_id" = String, Path)), request_body = UpdateAccount,
    responses((status = 200, body = AccountResponse))
)]
pub async fn update(
    State(state): State<AppState>,
    Within { manager, it: account }: Within<ServiceAccount>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<UpdateAccount>,
) -> Result<Response, Problem> {
    manages_accounts(&manager)?;
    let (store, act) = (&state.context.store, manager.act());
    // Taking away comes first: the rest may be refused.
    if body.disabled == Some(true) {
        store.disable_service_account(&act, &account.id, true).await?;
    }
    let named = body.name.as_deref().unwrap_or(&account.name);
    if body.role.is_some() || body.place_id.is_some() {
        let org = store.find(Reader::Org(&account.org_id), &account.org_id).await?.ok_or(Error::NotFound)?;
        let had = account.role.as_ref();
        let at = body.place_id.or_else(|| had.map(|had| had.place_id.clone())).unwrap_or_default();
        let place = place_in(store, &org, &at).await?;
        let role = body.role.or_else(|| had.map(|had| had.role.as_str().to_owned())).unwrap_or_default();
        let role = role_in(place.kind, &role)?;
        store.change_service_account(&act, &account.id, named, Some((role, (&place).into()))).await?;
    } else {
        store.change_service_account(&act, &account.id, named, None).await?;
    }
    if body.disabled == Some(false) {
        store.disable_service_account(&act, &account.id, false).await?;
    }
    let changed = store.service_account(&account.id).await?.ok_or(Error::NotFound)?;
    Ok(ok(AccountResponse::from(changed)))
}

/// Remove a service account
///
/// With its tokens: requests with them are refused at once. What it made stays.
#[utoipa::path(
    delete, path = "/v1/service-accounts/{service_account_id}", operation_id = "removeServiceAccount",
    tag = "Service accounts",
    params(("service_account_id" = String, Path)), responses((status = 204, description = "Its tokens are refused"))
)]
pub async fn remove(
    State(state): State<AppState>,
    Within { manager, it: account }: Within<ServiceAccount>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    manages_accounts(&manager)?;
    state.context.store.remove_service_account(&manager.act(), &account.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
