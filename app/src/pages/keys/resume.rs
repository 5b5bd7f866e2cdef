//! `/keys/{key_id}/resume`: resumes a paused key.

use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, keys::resume_key},
    error::PageResult,
    pages::theme::local,
    ui::{Typed, see_other},
};

pub async fn post(caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    caller.run(resume_key(key.clone())).await?;
    Ok(see_other(match form.value("back") {
        list if !list.is_empty() => local(&list).to_owned(),
        _ => format!("/keys/{key}?done=resumed"),
    }))
}
