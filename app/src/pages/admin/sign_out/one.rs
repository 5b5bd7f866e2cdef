//! `/admin/users/{user_id}/sign-out`: ends every session of a person.

use crate::{
    access::{Addressed, OperatedUser},
    acts::{Caller, admin::users::end_sessions},
    error::PageResult,
    ui::see_other,
};

pub async fn post(caller: Caller, Addressed(id): Addressed<OperatedUser>) -> PageResult {
    caller.run(end_sessions(id.clone())).await?;
    Ok(see_other(format!("/admin/users?done=sign-out&q={id}")))
}
