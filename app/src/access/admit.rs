//! Loads a resource by id for one person: the only way for pages and acts to get one.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use sallyport::store::Store;

use super::{SessionCookie, back_to, sign_in};
use crate::{context::Context, error::PageError};

/// A resource that can only be loaded by people who may see it.
pub trait Access: Sized + Send {
    type Id: Send + Sync;

    fn parse(id: &str) -> Option<Self::Id>;

    fn found(
        cookie: &SessionCookie,
        store: &Store,
        id: &Self::Id,
    ) -> impl Future<Output = Result<Self, PageError>> + Send;
}

/// The resource with this id, for the person of this session; an `id` of `None` is never found. A person who has to
/// change their password learns that before whether the resource exists.
pub(crate) async fn admit<A: Access>(
    cookie: &SessionCookie,
    store: &Store,
    id: Option<&A::Id>,
) -> Result<A, PageError> {
    match id {
        Some(id) => A::found(cookie, store, id).await,
        None => Err(cookie.settled(store).await.err().unwrap_or(PageError::NotFound)),
    }
}

pub(super) async fn id_of<A: Access>(parts: &mut Parts, context: &Context) -> Option<A::Id> {
    let path = RawPathParams::from_request_parts(parts, context).await.ok()?;
    // What follows it names a part of the resource.
    path.iter().next().and_then(|(_, id)| A::parse(id))
}

/// The id in the address of a form, sent by a signed-in person. The act checks whether they may see it.
pub struct Addressed<A: Access>(pub A::Id);

impl<A: Access> FromRequestParts<Context> for Addressed<A> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        let cookie = SessionCookie::find(parts).ok_or_else(|| sign_in(parts))?;
        match id_of::<A>(parts, context).await {
            Some(id) => Ok(Self(id)),
            None => {
                let settled = cookie.settled(&context.store).await.map_err(|error| back_to(error, parts));
                Err(settled.err().unwrap_or(PageError::NotFound))
            }
        }
    }
}
