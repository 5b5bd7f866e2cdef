//! Acts on organizations; what all levels have in common is in [`super::places`].

use leptos::prelude::*;
use sallyport::{id::OrgId, org::NewOrg};

use super::{ActError, Caller};

/// Creates an organization with its first tenant; the person becomes its owner.
#[server(prefix = "/act", endpoint = "orgs/create")]
pub async fn create_org(
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] plan: String,
    #[server(default)] tenant: String,
) -> Result<OrgId, ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let new = NewOrg::check(&name, &description, &plan, &tenant)?;
    Ok(caller.store().create_org(&me.act(), new).await?.id)
}
