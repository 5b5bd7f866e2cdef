//! `/keys/{key_id}/withdraw-handover`: ends a hand-over link before it is opened.

use sallyport::id::HandoverId;

use super::rotate::over;
use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, handovers::withdraw_handover},
    error::{PageError, PageResult},
    ui::Typed,
};

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    let handover = HandoverId::parse(&form.value("handover")).ok_or(PageError::NotFound)?;
    let withdrawn = caller.run(withdraw_handover(key.clone(), handover)).await;
    over(withdrawn, &format!("/keys/{key}"), "withdrawn")
}
