//! `…/settings/restore`: what was archived is in use again.

use axum::extract::State;
use sallyport::member::Permission;

use super::placed::Placed;
use crate::{context::Context, error::PageResult, ui::see_other};

pub async fn post<A: Placed>(State(context): State<Context>, access: A) -> PageResult {
    access.org().needs(Permission::EndPlaces)?;
    let place = access.place();
    context.store.restore_place(&access.org().me.act(), &place).await?;
    Ok(see_other(place.path()))
}
