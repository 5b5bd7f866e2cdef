//! `/v1/orgs`

use axum::{extract::State, response::Response};
use sallyport::{
    Timestamp,
    id::OrgId,
    org::{NewOrg, Org},
    plan::Plan,
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    access::{Manager, Within},
    answer::{Listed, created, ok},
    creation::Creation,
    query::{NoParams, PageParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody},
        problem::Problem,
        schema::words,
    },
    state::AppState,
};

/// An organization to create: without members, and without a tenant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOrg)]
pub struct CreateOrg {
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_length = 1, max_length = 100, example = "Focus Labs")]
    name: String,
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(schema_with = plans, required = true)]
    plan: String,
}

impl RequestBody for CreateOrg {
    const FIELDS: &str = "The fields are name and plan (starter, pro or enterprise).";
}

/// An organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Org)]
pub struct OrgResponse {
    #[schema(value_type = String, example = "org_focus_labs_kB8mPx")]
    org_id: OrgId,
    name: String,
    description: String,
    #[schema(schema_with = plans)]
    plan: Plan,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was archived (all of its keys are refused since then); `null` if it is not.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    archived_at: Option<Timestamp>,
}

impl From<Org> for OrgResponse {
    fn from(org: Org) -> Self {
        Self {
            org_id: org.id,
            name: org.name,
            description: org.description,
            plan: org.plan,
            created_at: org.created_at,
            archived_at: org.archived_at,
        }
    }
}

fn plans() -> Object {
    words(Plan::ALL.map(Plan::as_str))
}

/// List organizations
///
/// Every organization, the one that the caller is limited to, or those in which the person has a role.
#[utoipa::path(get, path = "/v1/orgs", operation_id = "listOrganizations", tag = "Organizations", params(PageParams), responses((status = 200, body = Listed<OrgResponse>)))]
pub async fn list(
    State(state): State<AppState>,
    manager: Manager,
    QueryParams(part): QueryParams<PageParams>,
) -> Result<Response, Problem> {
    let page = state.context.store.orgs_page(manager.reader(), &part.paging()?).await?;
    Ok(ok(Listed::of(page, OrgResponse::from)))
}

/// Create an organization
///
/// A person who creates one becomes its owner. A caller that is limited to one organization can't create another.
#[utoipa::path(
    post, path = "/v1/orgs", operation_id = "createOrganization", tag = "Organizations", request_body = CreateOrg, responses((status = 201, body = OrgResponse))
)]
pub async fn create(
    State(state): State<AppState>,
    Creation { body, act }: Creation<CreateOrg>,
) -> Result<Response, Problem> {
    let new = NewOrg::check(&body.name, "", &body.plan, "").map_err(sallyport::Error::from)?;
    let org = state.context.store.create_org(&act, new).await?;
    Ok(created(&format!("/v1/orgs/{}", org.id), OrgResponse::from(org)))
}

/// Read an organization
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}", operation_id = "getOrganization", tag = "Organizations", params(("org_id" = String, Path)),
    responses((status = 200, body = OrgResponse))
)]
pub async fn read(org: Within<Org>, _: QueryParams<NoParams>) -> Response {
    ok(OrgResponse::from(org.it))
}
