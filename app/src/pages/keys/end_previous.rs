//! `/keys/{key_id}/end-previous`: *Revoke Old Key*.

use super::rotate::over;
use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, rotation::end_previous_secret},
    error::PageResult,
};

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>) -> PageResult {
    let ended = caller.run(end_previous_secret(key.clone())).await;
    over(ended, &format!("/keys/{key}"), "ended")
}
