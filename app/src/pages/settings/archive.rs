//! `…/settings/archive`: out of use, and back with one click.

use axum::extract::State;
use sallyport::member::Permission;

use super::placed::Placed;
use crate::{context::Context, error::PageResult, ui::see_other};

pub async fn post<A: Placed>(State(context): State<Context>, access: A) -> PageResult {
    access.org().needs(Permission::EndPlaces)?;
    let place = access.place();
    context.store.archive_place(&access.org().me.act(), &place).await?;
    Ok(see_other(format!("{}/settings", place.path())))
}
