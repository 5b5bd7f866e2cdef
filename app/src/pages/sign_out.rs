//! `/sign-out`: ends the session at once, for slow requests in flight too.

use axum::extract::State;

use crate::{access::JustSignedIn, context::Context, error::PageResult, session::Session, ui::see_other};

pub async fn post(State(context): State<Context>, JustSignedIn(me): JustSignedIn, session: Session) -> PageResult {
    context.store.delete_session(&me.act(), me.session).await?;
    session.forget().await;
    Ok(see_other("/sign-in"))
}
