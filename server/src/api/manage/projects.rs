//! `/v1/tenants/{tenant_id}/projects` and `/v1/projects/{project_id}`

use axum::{extract::State, response::Response};
use sallyport::{
    Timestamp,
    id::{OrgId, ProjectId, TenantId},
    project::{NewProject, Project},
    tenant::Tenant,
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

/// A project to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProject)]
pub struct CreateProject {
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_length = 1, max_length = 100, example = "Biosignals")]
    name: String,
}

impl RequestBody for CreateProject {
    const FIELDS: &str = "The only field is name.";
}

/// A project: a group of apps.
#[derive(Serialize, ToSchema)]
#[schema(as = Project)]
pub struct ProjectResponse {
    #[schema(value_type = String, example = "prj_biosignals_PJI2AxsO")]
    project_id: ProjectId,
    #[schema(value_type = String)]
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

impl From<Project> for ProjectResponse {
    fn from(project: Project) -> Self {
        Self {
            project_id: project.id,
            tenant_id: project.tenant_id,
            org_id: project.org_id,
            name: project.name,
            description: project.description,
            created_at: project.created_at,
            archived_at: project.archived_at,
        }
    }
}

/// List the projects of a tenant
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/projects", operation_id = "listProjects", tag = "Projects", params(("tenant_id" = String, Path), PageParams),
    responses((status = 200, body = Listed<ProjectResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    tenant: Within<Tenant>,
    QueryParams(part): QueryParams<PageParams>,
) -> Result<Response, Problem> {
    let page = state.context.store.projects_page(&tenant.it.id, tenant.manager.reader(), &part.paging()?).await?;
    Ok(ok(Listed::of(page, ProjectResponse::from)))
}

/// Create a project
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/projects", operation_id = "createProject", tag = "Projects", params(("tenant_id" = String, Path)),
    request_body = CreateProject, responses((status = 201, body = ProjectResponse))
)]
pub async fn create(
    State(state): State<AppState>,
    CreationIn { parent: tenant, body, act }: CreationIn<Tenant, CreateProject>,
) -> Result<Response, Problem> {
    let new = NewProject::check(&body.name).map_err(sallyport::Error::from)?;
    let project = state.context.store.create_project(&act, &tenant, new).await?;
    Ok(created(&format!("/v1/projects/{}", project.id), ProjectResponse::from(project)))
}

/// Read a project
#[utoipa::path(
    get, path = "/v1/projects/{project_id}", operation_id = "getProject", tag = "Projects", params(("project_id" = String, Path)),
    responses((status = 200, body = ProjectResponse))
)]
pub async fn read(project: Within<Project>, _: QueryParams<NoParams>) -> Response {
    ok(ProjectResponse::from(project.it))
}
