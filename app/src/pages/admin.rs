//! `/admin`: the operator's console. To people who are not operators none of it exists.

pub mod apps;
pub mod audit;
pub mod disable;
pub mod enable;
mod forwarding;
pub mod health;
mod job_state;
pub mod jobs;
mod list;
pub mod mail;
pub mod open;
pub mod org;
pub mod org_activity;
pub mod orgs;
pub mod revoke_keys;
pub mod root_tokens;
pub mod sign_out;
pub mod suspend;
pub mod users;

use crate::{access::OperatorAccess, error::PageResult, ui::see_other};

/// Leads to the first of its lists.
pub async fn get(_: OperatorAccess) -> PageResult {
    Ok(see_other("/admin/organizations"))
}
