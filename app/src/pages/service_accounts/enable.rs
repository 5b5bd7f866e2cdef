//! `/service-accounts/{service_account_id}/enable`: its tokens work again.

use crate::{
    access::{Addressed, ServiceAccountAccess},
    acts::{Caller, service_accounts::enable_service_account},
    error::PageResult,
    ui::see_other,
};

pub async fn post(caller: Caller, Addressed(id): Addressed<ServiceAccountAccess>) -> PageResult {
    caller.run(enable_service_account(id.clone())).await?;
    Ok(see_other(format!("/service-accounts/{id}?done=enabled")))
}
