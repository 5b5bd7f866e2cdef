//! Acts on apps; what all levels have in common is in [`super::places`].

use leptos::prelude::*;
use sallyport::{
    app::NewApp,
    id::{AppId, ProjectId},
    key::LimitOverride,
    member::Permission,
};

use super::{ActError, Caller};
use crate::access::{AppAccess, OperatedApp, ProjectAccess};

/// Creates an app in a project.
#[server(prefix = "/act", endpoint = "apps/create")]
pub async fn create_app(
    project: ProjectId,
    #[server(default)] name: String,
    #[server(default)] os: String,
    #[server(default)] bundle_id: String,
    #[server(default)] description: String,
) -> Result<AppId, ActError> {
    let caller = Caller::current();
    let access: ProjectAccess = caller.access(&project).await?;
    let org = &access.within.within;
    org.needs(Permission::ManageApps)?;
    let new = NewApp::check(&name, &os, &bundle_id, &description)?;
    Ok(caller.store().create_app(&org.me.act(), &access.project, new).await?.id)
}

/// Sets the limits of its keys that have none of their own.
#[server(prefix = "/act", endpoint = "apps/limit")]
pub async fn limit_app(
    app: AppId,
    #[server(default)] limit_per_minute: String,
    #[server(default)] limit_per_day: String,
) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: AppAccess = caller.access(&app).await?;
    access.org().needs(Permission::ManageApps)?;
    let new = LimitOverride::check(&limit_per_minute, &limit_per_day)?;
    Ok(caller.store().limit_app(&access.org().me.act(), &access.app, new).await?)
}

/// Sets whether its keys may push data. Operators only.
#[server(prefix = "/act", endpoint = "apps/verify-for-ingestion")]
pub async fn verify_for_ingestion(app: AppId, #[server(default)] verified: bool) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OperatedApp = caller.access(&app).await?;
    Ok(caller.store().verify_for_ingestion(&access.me.act(), &access.app, verified).await?)
}
