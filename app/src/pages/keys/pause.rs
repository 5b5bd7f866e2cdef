//! `/keys/{key_id}/pause`: refused from now on, until it is resumed.

use super::turn::back;
use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, keys::pause_key},
    error::PageResult,
    ui::Typed,
};

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    caller.run(pause_key(key.clone())).await?;
    Ok(back(&form, &key, "paused"))
}
