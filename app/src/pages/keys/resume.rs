//! `/keys/{key_id}/resume`: what was paused is good again.

use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, keys::resume_key},
    error::PageResult,
    ui::see_other,
};

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>) -> PageResult {
    caller.run(resume_key(key.clone())).await?;
    Ok(see_other(format!("/keys/{key}?done=resumed")))
}
