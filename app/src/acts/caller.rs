//! Who runs an act.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use leptos::{
    prelude::{Owner, expect_context, provide_context},
    reactive::computed::ScopedFuture,
};
use sallyport::{request::Client, store::Store};

use super::ActError;
use crate::{
    access::{Access, OperatorAccess, SessionCookie, SignedIn, admit},
    context::Context,
    error::PageError,
    resumed,
    session::BrowserSession,
};

/// The request on whose behalf an act runs: a page's form, or an island's.
#[derive(Clone)]
pub struct Caller {
    pub(super) context: Context,
    pub(super) client: Client,
    pub(super) session: BrowserSession,
    pub(super) headers: HeaderMap,
    /// The message if the form is only shown again, and must not be acted on.
    resumed: Option<&'static str>,
}

impl Caller {
    /// Runs an act in process.
    pub async fn run<T>(&self, act: impl Future<Output = Result<T, ActError>> + Send) -> Result<T, ActError> {
        if let Some(message) = self.resumed {
            return Err(ActError::field("", message));
        }
        let caller = self.clone();
        let scoped = Owner::new().with(|| {
            provide_context(caller);
            ScopedFuture::new(act)
        });
        scoped.await
    }

    /// The caller of the current act.
    pub(super) fn current() -> Self {
        expect_context()
    }

    pub(super) fn store(&self) -> &Store {
        &self.context.store
    }

    /// The person, even if they have to change their password first.
    pub(super) async fn just_signed_in(&self) -> Result<SignedIn, PageError> {
        self.cookie()?.person(self.store()).await?.ok_or(PageError::SignIn { next: None })
    }

    /// The person.
    pub(super) async fn signed_in(&self) -> Result<SignedIn, PageError> {
        let me = self.just_signed_in().await?;
        me.settled()?;
        Ok(me)
    }

    /// Fails unless the person signed in, or confirmed that it is them, a short time ago.
    pub(super) async fn fresh(&self, me: &SignedIn) -> Result<(), PageError> {
        me.needs_fresh(self.store()).await
    }

    /// The person, if they are an operator.
    pub(super) async fn operator(&self) -> Result<OperatorAccess, PageError> {
        OperatorAccess::of(&self.cookie()?, self.store()).await
    }

    /// The resource with this id, if the person may see it.
    pub async fn access<A: Access>(&self, id: &A::Id) -> Result<A, PageError> {
        admit(&self.cookie()?, self.store(), Some(id)).await
    }

    /// The session of this browser's cookie.
    pub(super) fn cookie(&self) -> Result<SessionCookie, PageError> {
        SessionCookie::of(&self.session, &self.client).ok_or(PageError::SignIn { next: None })
    }
}

impl FromRequestParts<Context> for Caller {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        Ok(Self {
            context: context.clone(),
            client: parts.extensions.get().cloned().expect("the server names the client of each request"),
            session: BrowserSession::of(parts).expect("the server gives each request to the portal a session"),
            headers: parts.headers.clone(),
            resumed: resumed::message(parts.uri.query()),
        })
    }
}
