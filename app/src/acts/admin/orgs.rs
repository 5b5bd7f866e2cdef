//! Acts of operators on organizations.

use leptos::prelude::*;
use sallyport::{id::OrgId, place::check_typed_name};

use super::super::{ActError, Caller};
use crate::access::OperatedOrg;

/// Suspends an organization, after its name was typed: every request with a key of it is refused.
#[server(prefix = "/act", endpoint = "admin/suspend-organization")]
pub async fn suspend_org(
    org: OrgId,
    #[server(default)] typed_name: String,
    #[server(default)] reason: String,
) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OperatedOrg = caller.access(&org).await?;
    check_typed_name(&typed_name, &access.org.name)?;
    Ok(caller.store().suspend_org(&access.me.act(), &access.org, &reason).await?)
}

/// Opens a suspended organization again.
#[server(prefix = "/act", endpoint = "admin/open-organization")]
pub async fn open_org(org: OrgId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OperatedOrg = caller.access(&org).await?;
    Ok(caller.store().open_org(&access.me.act(), &access.org).await?)
}
