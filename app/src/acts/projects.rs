//! Acts on projects; what all levels have in common is in [`super::places`].

use leptos::prelude::*;
use sallyport::{
    id::{ProjectId, TenantId},
    member::Permission,
    project::NewProject,
};

use super::{ActError, Caller};
use crate::access::TenantAccess;

/// Creates a project in a tenant.
#[server(prefix = "/act", endpoint = "projects/create")]
pub async fn create_project(tenant: TenantId, #[server(default)] name: String) -> Result<ProjectId, ActError> {
    let caller = Caller::current();
    let access: TenantAccess = caller.access(&tenant).await?;
    access.within.needs(Permission::CreateProjects)?;
    let new = NewProject::check(&name)?;
    Ok(caller.store().create_project(&access.within.me.act(), &access.tenant, new).await?.id)
}
