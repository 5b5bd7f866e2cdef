//! `/keys/{key_id}/resume`: resumes a paused key.

use super::turn::back;
use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, keys::resume_key},
    error::PageResult,
    ui::Typed,
};

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    caller.run(resume_key(key.clone())).await?;
    Ok(back(&form, &key, "resumed"))
}
