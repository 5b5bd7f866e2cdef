//! `/keys/{key_id}/resume`: what was paused is good again.

use axum::extract::State;

use crate::{access::KeyAccess, context::Context, error::PageResult, ui::see_other};

pub async fn post(State(context): State<Context>, access: KeyAccess) -> PageResult {
    access.needs_change()?;
    context.store.resume_key(&access.within.org().me.act(), &access.key).await?;
    Ok(see_other(format!("/keys/{}?done=resumed", access.key.id)))
}
