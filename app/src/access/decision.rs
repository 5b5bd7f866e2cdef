//! A refused request of a key, for members of the key's organization.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use sallyport::{decision::KeptDecision, id::RequestId, member::Permission};

use super::{OrgAccess, SignedIn};
use crate::{context::Context, error::PageError};

#[derive(Clone, Debug)]
pub struct DecisionAccess {
    pub within: OrgAccess,
    pub kept: KeptDecision,
}

impl DecisionAccess {
    /// Searched in the person's own organizations only, among the keys that they see.
    pub async fn find(me: &SignedIn, context: &Context, id: &RequestId) -> Result<Option<Self>, PageError> {
        let (store, now) = (&context.store, context.store.now());
        for (org, role) in store.orgs_of(&me.user.id).await? {
            let Some(kept) = context.verifier.decisions().find(&org.id, id, now) else { continue };
            let seen = match kept.decision.key.app_id() {
                _ if role.at_org.may(Permission::SeeKeys) => true,
                Some(app) => store.find(&me.user.id, app).await?.is_some(),
                None => false,
            };
            return match seen {
                true => Ok(Some(Self { within: OrgAccess::of(me.clone(), store, &org.id).await?, kept })),
                false => Ok(None),
            };
        }
        Ok(None)
    }
}

impl FromRequestParts<Context> for DecisionAccess {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        let me = SignedIn::from_request_parts(parts, context).await?;
        let Path(id) = Path::<String>::from_request_parts(parts, context).await.map_err(|_| PageError::NotFound)?;
        let id = RequestId::parse(&id).ok_or(PageError::NotFound)?;
        Self::find(&me, context, &id).await?.ok_or(PageError::NotKept)
    }
}
