//! Acts on tenants; what all levels have in common is in [`super::places`].

use leptos::prelude::*;
use sallyport::{
    id::{OrgId, TenantId},
    member::Permission,
    tenant::NewTenant,
};

use super::{ActError, Caller};
use crate::access::OrgAccess;

/// Creates a tenant in an organization.
#[server(prefix = "/act", endpoint = "tenants/create")]
pub async fn create_tenant(org: OrgId, #[server(default)] name: String) -> Result<TenantId, ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs(Permission::CreateTenants)?;
    let new = NewTenant::check(&name)?;
    Ok(caller.store().create_tenant(&access.me.act(), &org, new).await?.id)
}
