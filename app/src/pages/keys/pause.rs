//! `/keys/{key_id}/pause`: refused from now on, until it is resumed.

use axum::extract::State;

use crate::{access::KeyAccess, context::Context, error::PageResult, ui::see_other};

pub async fn post(State(context): State<Context>, access: KeyAccess) -> PageResult {
    access.needs_change()?;
    context.store.pause_key(&access.within.org().me.act(), &access.key).await?;
    Ok(see_other(format!("/keys/{}?done=paused", access.key.id)))
}
