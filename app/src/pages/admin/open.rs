//! `/admin/organizations/{org_id}/open`: opens a suspended organization again.

use crate::{
    access::{Addressed, OperatedOrg},
    acts::{Caller, admin::orgs::open_org},
    error::PageResult,
    ui::see_other,
};

pub async fn post(caller: Caller, Addressed(id): Addressed<OperatedOrg>) -> PageResult {
    caller.run(open_org(id.clone())).await?;
    Ok(see_other(format!("/admin/organizations/{id}?done=open")))
}
