//! `/keys/{key_id}/pause`: refused from now on, until it is resumed.

use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, keys::pause_key},
    error::PageResult,
    pages::theme::local,
    ui::{Typed, see_other},
};

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    caller.run(pause_key(key.clone())).await?;
    Ok(see_other(match form.value("back") {
        list if !list.is_empty() => local(&list).to_owned(),
        _ => format!("/keys/{key}?done=paused"),
    }))
}
