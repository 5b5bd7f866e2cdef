//! `/sign-out`: ends the session at once, for slow requests in flight too.

use axum::extract::State;
use tower_sessions::Session;

use crate::{access::JustSignedIn, context::Context, error::PageResult, ui::see_other};

pub async fn post(State(context): State<Context>, JustSignedIn(me): JustSignedIn, session: Session) -> PageResult {
    context.store.delete_session(&me.act(), me.session).await?;
    // The row is gone; this takes the cookie away.
    if let Err(error) = session.flush().await {
        tracing::warn!(%error, "a session's cookie could not be taken back");
    }
    Ok(see_other("/sign-in"))
}
