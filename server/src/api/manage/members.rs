//! `/v1/orgs/{org_id}/members`, and the same of tenants and projects

use std::marker::PhantomData;

use axum::{
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use sallyport::{
    Error, Timestamp,
    id::UserId,
    member::{Grant, Member, Permission, Role},
    org::Org,
    place::{Place, PlaceKind},
    project::Project,
    store::{Reader, Store},
    tenant::Tenant,
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    access::{Manager, Reachable, Within},
    answer::{Listed, ok},
    query::{NoParams, PageParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody, Sent},
        problem::Problem,
        schema::words,
    },
    state::AppState,
};

/// The role to give.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRole)]
pub struct GiveRole {
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(schema_with = roles, required = true)]
    role: String,
}

impl RequestBody for GiveRole {
    const FIELDS: &str = "Its one field is role.";
}

/// A person with their roles that concern a place: granted there, above it or below it.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberResponse {
    #[schema(value_type = String, example = "usr_5F4iGN2e1DLY")]
    user_id: UserId,
    name: String,
    email: String,
    /// The first of their roles that apply at the place, in the order of docs/roles.md.
    #[schema(schema_with = roles)]
    role: Role,
    /// All of them, those at the highest level first.
    roles: Vec<GrantResponse>,
    /// The first of them was granted then.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Whether the person can’t sign in at present.
    disabled: bool,
}

/// A role, and where it was granted.
#[derive(Serialize, ToSchema)]
#[schema(as = Grant)]
pub struct GrantResponse {
    #[schema(schema_with = roles)]
    role: Role,
    #[schema(schema_with = places)]
    place: &'static str,
    #[schema(example = "prj_website_kB8mPx")]
    place_id: String,
    place_name: String,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl From<Member> for MemberResponse {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user.id,
            name: member.user.name,
            email: member.user.email,
            role: member.role,
            roles: member.grants.into_iter().map(GrantResponse::from).collect(),
            since: member.since,
            disabled: member.disabled,
        }
    }
}

impl From<Grant> for GrantResponse {
    fn from(grant: Grant) -> Self {
        let Grant { role, kind, place_id, place_name, since } = grant;
        Self { role, place: kind.noun(), place_id, place_name, since }
    }
}

/// A role that can be given at such a place.
pub fn role_in(kind: PlaceKind, word: &str) -> Result<Role, Error> {
    let role = Role::parse(word).filter(|role| role.is_granted_at(kind));
    role.ok_or_else(|| {
        let words: Vec<_> = Role::granted_at(kind).map(Role::as_str).collect();
        Error::field("role", format!("A role in this {} is one of {}.", kind.noun(), words.join(", ")))
    })
}

pub fn roles() -> Object {
    words(Role::ALL.map(Role::as_str))
}

pub(super) fn places() -> Object {
    words([PlaceKind::Org, PlaceKind::Tenant, PlaceKind::Project].map(PlaceKind::noun))
}

/// A caller that may manage members: an API key may not, whatever else it manages.
pub struct MembersManager(Manager);

impl FromRequestParts<AppState> for MembersManager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let manager = Manager::from_request_parts(parts, state).await?;
        if manager.is_key() {
            let detail = "An API key does not manage members; a root token can.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
        }
        Ok(Self(manager))
    }
}

/// What has members, as the address names it.
pub trait HasMembers: Reachable + Send {
    fn place(&self) -> Place;
}

macro_rules! has_members {
    ($($it:ty),*) => {$(
        impl HasMembers for $it {
            fn place(&self) -> Place {
                Place::from(self)
            }
        }
    )*};
}

has_members!(Org, Tenant, Project);

/// The place of the address.
pub struct PlaceOf<T>(Place, PhantomData<T>);

impl<T: HasMembers> FromRequestParts<AppState> for PlaceOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let MembersManager(manager) = MembersManager::from_request_parts(parts, state).await?;
        let place = Within::<T>::from_request_parts(parts, state).await?.it.place();
        manager.needs(&state.context.store, &place, Permission::SeePlace).await?;
        Ok(Self(place, PhantomData))
    }
}

/// A place and a person of the address.
pub struct MemberOf<T> {
    manager: Manager,
    place: Place,
    user: UserId,
    of: PhantomData<T>,
}

impl<T: HasMembers> FromRequestParts<AppState> for MemberOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let MembersManager(manager) = MembersManager::from_request_parts(parts, state).await?;
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((id, user)) = path.map_err(|_| Error::NotFound)?;
        let found = T::find(&state.context.store, manager.reader(), &id).await?.ok_or(Error::NotFound)?;
        let user = UserId::parse(&user).ok_or(Error::NotFound)?;
        manager.needs(&state.context.store, &found.place(), Permission::ManageMembers).await?;
        Ok(Self { manager, place: found.place(), user, of: PhantomData })
    }
}

impl<T> MemberOf<T> {
    async fn member(&self, store: &Store) -> Result<Member, Problem> {
        let members = store.members(&self.place).await?;
        let found = members.into_iter().find(|member| member.user.id == self.user);
        Ok(found.ok_or(Error::NotFound)?)
    }

    /// A person, or a root token of one organization, gives roles to its people; accounts of others do not exist for
    /// them.
    async fn give(self, store: &Store, body: GiveRole) -> Result<Response, Problem> {
        let role = role_in(self.place.kind, &body.role)?;
        let user = match self.manager.reader() {
            Reader::All => store.user(&self.user).await?,
            Reader::Org(_) | Reader::Person(_) | Reader::Bearer { .. } | Reader::Account(_) => {
                let members = store.members(&self.place.org_id).await?;
                members.into_iter().find(|member| member.user.id == self.user).map(|member| member.user)
            }
        };
        store.add_member(&self.manager.act(), &self.place, &user.ok_or(Error::NotFound)?, role).await?;
        Ok(ok(MemberResponse::from(self.member(store).await?)))
    }

    async fn remove(self, store: &Store) -> Result<Response, Problem> {
        let member = self.member(store).await?;
        store.remove_member(&self.manager.act(), &self.place, &member.user).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }
}

async fn list(store: &Store, place: &Place, part: &PageParams) -> Result<Response, Problem> {
    let page = store.members_page(place, &part.paging()?).await?;
    Ok(ok(Listed::of(page, MemberResponse::from)))
}

/// List the members of an organization
///
/// The people with a role there, above it or below it.
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/members", operation_id = "listOrgMembers", tag = "Members",
    params(("org_id" = String, Path), PageParams), responses((status = 200, body = Listed<MemberResponse>))
)]
pub async fn list_of_org(
    State(state): State<AppState>,
    PlaceOf(place, _): PlaceOf<Org>,
    QueryParams(part): QueryParams<PageParams>,
) -> Result<Response, Problem> {
    list(&state.context.store, &place, &part).await
}

/// Give a person a role in an organization
///
/// It replaces the roles that they were given there. Their roles above it and below it stay.
#[utoipa::path(
    put, path = "/v1/orgs/{org_id}/members/{user_id}", operation_id = "putOrgMember", tag = "Members",
    params(("org_id" = String, Path), ("user_id" = String, Path)), request_body = GiveRole,
    responses((status = 200, body = MemberResponse))
)]
pub async fn give_in_org(
    State(state): State<AppState>,
    member: MemberOf<Org>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<GiveRole>,
) -> Result<Response, Problem> {
    member.give(&state.context.store, body).await
}

/// Remove a person from an organization
///
/// Ends the roles that they were given there and below it; those from above stay.
#[utoipa::path(
    delete, path = "/v1/orgs/{org_id}/members/{user_id}", operation_id = "deleteOrgMember", tag = "Members",
    params(("org_id" = String, Path), ("user_id" = String, Path)),
    responses((status = 204, description = "They have no role of their own there any more"))
)]
pub async fn remove_from_org(
    State(state): State<AppState>,
    member: MemberOf<Org>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    member.remove(&state.context.store).await
}

/// List the members of a tenant
///
/// The people with a role there, above it or below it.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/members", operation_id = "listTenantMembers", tag = "Members",
    params(("tenant_id" = String, Path), PageParams), responses((status = 200, body = Listed<MemberResponse>))
)]
pub async fn list_of_tenant(
    State(state): State<AppState>,
    PlaceOf(place, _): PlaceOf<Tenant>,
    QueryParams(part): QueryParams<PageParams>,
) -> Result<Response, Problem> {
    list(&state.context.store, &place, &part).await
}

/// Give a person a role in a tenant
///
/// It replaces the roles that they were given there. Their roles above it and below it stay.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant_id}/members/{user_id}", operation_id = "putTenantMember", tag = "Members",
    params(("tenant_id" = String, Path), ("user_id" = String, Path)), request_body = GiveRole,
    responses((status = 200, body = MemberResponse))
)]
pub async fn give_in_tenant(
    State(state): State<AppState>,
    member: MemberOf<Tenant>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<GiveRole>,
) -> Result<Response, Problem> {
    member.give(&state.context.store, body).await
}

/// Remove a person from a tenant
///
/// Ends the roles that they were given there and below it; those from above stay.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/members/{user_id}", operation_id = "deleteTenantMember", tag = "Members",
    params(("tenant_id" = String, Path), ("user_id" = String, Path)),
    responses((status = 204, description = "They have no role of their own there any more"))
)]
pub async fn remove_from_tenant(
    State(state): State<AppState>,
    member: MemberOf<Tenant>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    member.remove(&state.context.store).await
}

/// List the members of a project
///
/// The people with a role there, above it or below it.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/members", operation_id = "listProjectMembers", tag = "Members",
    params(("project_id" = String, Path), PageParams), responses((status = 200, body = Listed<MemberResponse>))
)]
pub async fn list_of_project(
    State(state): State<AppState>,
    PlaceOf(place, _): PlaceOf<Project>,
    QueryParams(part): QueryParams<PageParams>,
) -> Result<Response, Problem> {
    list(&state.context.store, &place, &part).await
}

/// Give a person a role in a project
///
/// It replaces the roles that they were given there. Their roles above it and below it stay.
#[utoipa::path(
    put, path = "/v1/projects/{project_id}/members/{user_id}", operation_id = "putProjectMember", tag = "Members",
    params(("project_id" = String, Path), ("user_id" = String, Path)), request_body = GiveRole,
    responses((status = 200, body = MemberResponse))
)]
pub async fn give_in_project(
    State(state): State<AppState>,
    member: MemberOf<Project>,
    _: QueryParams<NoParams>,
    Sent(body): Sent<GiveRole>,
) -> Result<Response, Problem> {
    member.give(&state.context.store, body).await
}

/// Remove a person from a project
///
/// Ends the roles that they were given there and below it; those from above stay.
#[utoipa::path(
    delete, path = "/v1/projects/{project_id}/members/{user_id}", operation_id = "deleteProjectMember", tag = "Members",
    params(("project_id" = String, Path), ("user_id" = String, Path)),
    responses((status = 204, description = "They have no role of their own there any more"))
)]
pub async fn remove_from_project(
    State(state): State<AppState>,
    member: MemberOf<Project>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    member.remove(&state.context.store).await
}
