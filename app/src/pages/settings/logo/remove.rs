//! `/orgs/{org_id}/settings/logo/remove`: the initials are shown again.

use crate::{
    access::{Addressed, OrgAccess},
    acts::{Caller, orgs::remove_logo},
    error::PageResult,
    ui::see_other,
};

pub async fn post(caller: Caller, Addressed(id): Addressed<OrgAccess>) -> PageResult {
    caller.run(remove_logo(id.clone())).await?;
    Ok(see_other(format!("/orgs/{id}/settings?saved=1")))
}
