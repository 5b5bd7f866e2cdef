//! `/`: redirects to an organization, the set-up or the sign-in.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::{
    access::SignedIn,
    context::Context,
    error::{PageError, PageResult},
    recent::Recent,
    ui::see_other,
};

/// A visitor, signed in or not.
pub struct Visitor {
    pub context: Context,
    pub me: Option<SignedIn>,
    recent: Recent,
}

impl FromRequestParts<Context> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        let recent = Recent::of(&parts.headers);
        Ok(Self { context: context.clone(), me: SignedIn::find(parts, context).await?, recent })
    }
}

pub async fn get(visitor: Visitor) -> PageResult {
    let store = &visitor.context.store;
    let Some(me) = visitor.me else {
        return Ok(see_other(if store.is_empty().await? { "/setup" } else { "/sign-in" }));
    };
    me.settled()?;
    let orgs = store.orgs_of(&me.user.id).await?;
    // The last visited organization, or the first by name.
    Ok(match orgs.iter().min_by_key(|(org, _)| visitor.recent.rank(org.id.as_str())) {
        Some((org, _)) => see_other(format!("/orgs/{}", org.id)),
        None => see_other("/orgs/new"),
    })
}
