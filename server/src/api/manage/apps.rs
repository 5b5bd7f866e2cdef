//! `/v1/projects/{project_id}/apps` and `/v1/apps/{app_id}`

use axum::{extract::State, response::Response};
use sallyport::{
    Timestamp,
    app::{App, NewApp, Os},
    id::{AppId, OrgId, ProjectId, TenantId},
    project::Project,
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};

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
        schema::{about, words},
    },
    state::AppState,
};

/// An app to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApp)]
pub struct CreateApp {
    #[serde(default, deserialize_with = "json::or_default")]
    #[schema(required = true, min_length = 1, max_length = 100, example = "Focus and calm")]
    name: String,
    #[schema(schema_with = wanted_system, required = false)]
    os: Option<String>,
    /// The Android package or the iOS bundle id.
    #[schema(max_length = 155, example = "com.example.focus")]
    bundle_id: Option<String>,
    #[schema(max_length = 1000)]
    description: Option<String>,
}

impl RequestBody for CreateApp {
    const FIELDS: &str = "The fields are name (required), os, bundle_id and description.";
}

/// An app, which API keys belong to.
#[derive(Serialize, ToSchema)]
#[schema(as = App)]
pub struct AppResponse {
    #[schema(value_type = String, example = "app_focus_and_kB8mPx")]
    app_id: AppId,
    #[schema(value_type = String)]
    project_id: ProjectId,
    #[schema(value_type = String)]
    tenant_id: TenantId,
    #[schema(value_type = String)]
    org_id: OrgId,
    name: String,
    #[schema(schema_with = systems)]
    os: Os,
    #[schema(required = true)]
    bundle_id: Option<String>,
    description: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was archived (all of its keys are refused since then); `null` if it is not.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    archived_at: Option<Timestamp>,
}

impl From<App> for AppResponse {
    fn from(app: App) -> Self {
        Self {
            app_id: app.id,
            project_id: app.project_id,
            tenant_id: app.tenant_id,
            org_id: app.org_id,
            name: app.name,
            os: app.os,
            bundle_id: app.bundle_id,
            description: app.description,
            created_at: app.created_at,
            archived_at: app.archived_at,
        }
    }
}

fn wanted_system() -> Object {
    about("`web` where it is left out.", systems())
}

fn systems() -> Object {
    words(Os::ALL.map(Os::as_str))
}

/// List the apps of a project
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/apps", operation_id = "listApps", tag = "Apps", params(("project_id" = String, Path), PageParams),
    responses((status = 200, body = Listed<AppResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    project: Within<Project>,
    QueryParams(part): QueryParams<PageParams>,
) -> Result<Response, Problem> {
    let page = state.context.store.apps_page(&project.it.id, project.manager.reader(), &part.paging()?).await?;
    Ok(ok(Listed::of(page, AppResponse::from)))
}

/// Create an app
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/apps", operation_id = "createApp", tag = "Apps", params(("project_id" = String, Path)),
    request_body = CreateApp, responses((status = 201, body = AppResponse))
)]
pub async fn create(
    State(state): State<AppState>,
    CreationIn { parent: project, body, act }: CreationIn<Project, CreateApp>,
) -> Result<Response, Problem> {
    let (os, bundle_id) = (body.os.as_deref().unwrap_or(Os::default().as_str()), body.bundle_id.unwrap_or_default());
    let new = NewApp::check(&body.name, os, &bundle_id, body.description.as_deref().unwrap_or_default());
    let app = state.context.store.create_app(&act, &project, new.map_err(sallyport::Error::from)?).await?;
    Ok(created(&format!("/v1/apps/{}", app.id), AppResponse::from(app)))
}

/// Read an app
#[utoipa::path(
    get, path = "/v1/apps/{app_id}", operation_id = "getApp", tag = "Apps", params(("app_id" = String, Path)),
    responses((status = 200, body = AppResponse))
)]
pub async fn read(app: Within<App>, _: QueryParams<NoParams>) -> Response {
    ok(AppResponse::from(app.it))
}
