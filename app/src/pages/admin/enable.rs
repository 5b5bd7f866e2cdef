//! `/admin/users/{user_id}/enable`: enables a disabled account.

use crate::{
    access::{Addressed, OperatedUser},
    acts::{Caller, admin::users::enable_user},
    error::PageResult,
    ui::see_other,
};

pub async fn post(caller: Caller, Addressed(id): Addressed<OperatedUser>) -> PageResult {
    caller.run(enable_user(id.clone())).await?;
    Ok(see_other(format!("/admin/users?done=enable&q={id}")))
}
