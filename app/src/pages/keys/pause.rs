//! `/keys/{key_id}/pause`: refused from now on, until it is resumed.

use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, keys::pause_key},
    error::PageResult,
    ui::see_other,
};

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>) -> PageResult {
    caller.run(pause_key(key.clone())).await?;
    Ok(see_other(format!("/keys/{key}?done=paused")))
}
