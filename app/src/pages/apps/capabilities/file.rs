//! `/apps/{app_id}/capabilities/file`: the file of the one-time dialog, for browsers without scripts.

use crate::{
    access::{Addressed, AppAccess},
    acts::{Caller, InPage, capabilities::open_capability_file},
    error::PageResult,
    pages::keys::credentials,
    ui::Typed,
};

pub async fn post(caller: Caller, Addressed(app): Addressed<AppAccess>, Typed(form): Typed) -> PageResult {
    let InPage((name, text)) = caller.run(open_capability_file(app, form.value("sealed"))).await?;
    credentials::sent(&name, text)
}
