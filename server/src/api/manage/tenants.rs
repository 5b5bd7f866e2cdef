//! `/v1/orgs/{org_id}/tenants` and `/v1/tenants/{tenant_id}`

use axum::{extract::State, response::Response};
use sallyport::{
    Timestamp,
    id::{OrgId, TenantId},
    org::Org,
    tenant::{NewTenant, Tenant},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::Within,
    answer::{Listed, created, ok},
    creation::CreationIn,
    query::{NoParams, PageParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody},
        problem::Problem,
    },
    state::AppState,
};

/// A tenant to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTenant)]
pub struct CreateTenant {
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_length = 1, max_length = 100, example = "Production")]
    name: String,
}

impl RequestBody for CreateTenant {
    const FIELDS: &str = "The only field is name.";
}

/// A tenant: a separate part of an organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantResponse {
    #[schema(value_type = String, example = "ten_production_a1b2c3")]
    tenant_id: TenantId,
    #[schema(value_type = String)]
    org_id: OrgId,
    name: String,
    description: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was archived (all of its keys are refused since then); `null` if it is not.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    archived_at: Option<Timestamp>,
}

impl From<Tenant> for TenantResponse {
    fn from(tenant: Tenant) -> Self {
        Self {
            tenant_id: tenant.id,
            org_id: tenant.org_id,
            name: tenant.name,
            description: tenant.description,
            created_at: tenant.created_at,
            archived_at: tenant.archived_at,
        }
    }
}

/// List the tenants of an organization
#[utoipa::path(
    get, path = "/v1/orgs/{org_id}/tenants", operation_id = "listTenants", tag = "Tenants", params(("org_id" = String, Path), PageParams),
    responses((status = 200, body = Listed<TenantResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    org: Within<Org>,
    QueryParams(part): QueryParams<PageParams>,
) -> Result<Response, Problem> {
    let page = state.context.store.tenants_page(&org.it.id, org.manager.reader(), &part.paging()?).await?;
    Ok(ok(Listed::of(page, TenantResponse::from)))
}

/// Create a tenant
#[utoipa::path(
    post, path = "/v1/orgs/{org_id}/tenants", operation_id = "createTenant", tag = "Tenants", params(("org_id" = String, Path)), request_body = CreateTenant,
    responses((status = 201, body = TenantResponse))
)]
pub async fn create(
    State(state): State<AppState>,
    CreationIn { parent: org, body, act }: CreationIn<Org, CreateTenant>,
) -> Result<Response, Problem> {
    let new = NewTenant::check(&body.name).map_err(sallyport::Error::from)?;
    let tenant = state.context.store.create_tenant(&act, &org.id, new).await?;
    Ok(created(&format!("/v1/tenants/{}", tenant.id), TenantResponse::from(tenant)))
}

/// Read a tenant
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}", operation_id = "getTenant", tag = "Tenants", params(("tenant_id" = String, Path)),
    responses((status = 200, body = TenantResponse))
)]
pub async fn read(tenant: Within<Tenant>, _: QueryParams<NoParams>) -> Response {
    ok(TenantResponse::from(tenant.it))
}
