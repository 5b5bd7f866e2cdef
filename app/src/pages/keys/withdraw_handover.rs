//! `/keys/{key_id}/withdraw-handover`: ends a hand-over link before it is opened.

use sallyport::id::HandoverId;

use super::rotate::over;
use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, handovers::withdraw_handover},
    error::PageResult,
    ui::{Typed, see_other},
};

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    let access: KeyAccess = caller.access(&key).await?;
    access.needs_change()?;
    let Some(handover) = HandoverId::parse(&form.value("handover")) else {
        return Ok(see_other(format!("/keys/{key}")));
    };
    let withdrawn = caller.run(withdraw_handover(key.clone(), handover)).await;
    over(withdrawn, &format!("/keys/{key}"), "withdrawn")
}
