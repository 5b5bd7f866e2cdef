//! `/keys/{key_id}/extend-previous`: *Extend once*.

use super::rotate::over;
use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, rotation::extend_previous_secret},
    error::PageResult,
};

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>) -> PageResult {
    let extended = caller.run(extend_previous_secret(key.clone())).await;
    over(extended, &format!("/keys/{key}/rotate"), "extended")
}
