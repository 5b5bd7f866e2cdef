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
    query::{Asked, Nothing, Part},
};
use crate::{
    api::{
        json::{self, Taken},
        problem::Problem,
    },
    state::AppState,
};

/// A tenant to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTenant)]
pub struct Body {
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_length = 1, max_length = 100, example = "Production")]
    name: String,
}

impl Taken for Body {
    const TAKES: &str = "Its one field is name.";
}

/// A tenant: a part of an organization that is kept apart.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct Shown {
    #[schema(value_type = String, example = "ten_production_a1b2c3")]
    tenant_id: TenantId,
    #[schema(value_type = String)]
    org_id: OrgId,
    name: String,
    description: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was archived, since when all of its keys are refused; `null` if it is not.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    archived_at: Option<Timestamp>,
}

impl From<Tenant> for Shown {
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
    get, path = "/v1/orgs/{org_id}/tenants", operation_id = "listTenants", tag = "Tenants", params(("org_id" = String, Path), Part),
    responses((status = 200, body = Listed<Shown>))
)]
pub async fn list(
    State(state): State<AppState>,
    org: Within<Org>,
    Asked(part): Asked<Part>,
) -> Result<Response, Problem> {
    let page = state.context.store.tenants_page(&org.it.id, &part.paging()?).await?;
    Ok(ok(Listed::of(page, Shown::from)))
}

/// Create a tenant
#[utoipa::path(
    post, path = "/v1/orgs/{org_id}/tenants", operation_id = "createTenant", tag = "Tenants", params(("org_id" = String, Path)), request_body = Body,
    responses((status = 201, body = Shown))
)]
pub async fn create(
    State(state): State<AppState>,
    CreationIn { parent: org, body, act }: CreationIn<Org, Body>,
) -> Result<Response, Problem> {
    let new = NewTenant::check(&body.name).map_err(sallyport::Error::from)?;
    let tenant = state.context.store.create_tenant(&act, &org.id, new).await?;
    Ok(created(&format!("/v1/tenants/{}", tenant.id), Shown::from(tenant)))
}

/// Read a tenant
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}", operation_id = "getTenant", tag = "Tenants", params(("tenant_id" = String, Path)),
    responses((status = 200, body = Shown))
)]
pub async fn read(tenant: Within<Tenant>, _: Asked<Nothing>) -> Response {
    ok(Shown::from(tenant.it))
}
