//! What only operators of the portal may see. To others it does not exist.

use axum::{extract::FromRequestParts, http::request::Parts};
use sallyport::{
    app::App,
    id::{AppId, OrgId, TokenId, UserId},
    org::Org,
    root_token::RootToken,
    store::{Reader, Store},
    user::Account,
};

use super::{SessionCookie, SignedIn, back_to, sign_in};
use crate::{context::Context, error::PageError};

/// An operator, as the database says at this request.
#[derive(Clone, Debug)]
pub struct OperatorAccess {
    pub me: SignedIn,
}

impl OperatorAccess {
    /// The person of this session, if they are an operator.
    pub(crate) async fn of(cookie: &SessionCookie, store: &Store) -> Result<Self, PageError> {
        let me = cookie.settled(store).await?;
        if me.user.operator { Ok(Self { me }) } else { Err(PageError::NotFound) }
    }
}

impl FromRequestParts<Context> for OperatorAccess {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        let cookie = SessionCookie::find(parts).ok_or_else(|| sign_in(parts))?;
        Self::of(&cookie, &context.store).await.map_err(|error| back_to(error, parts))
    }
}

/// An app, for an operator, whether or not they are a member of its organization.
#[derive(Clone, Debug)]
pub struct OperatedApp {
    pub me: SignedIn,
    pub app: App,
}

impl OperatedApp {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &AppId) -> Result<Self, PageError> {
        let OperatorAccess { me } = OperatorAccess::of(cookie, store).await?;
        let app = store.app_for_operator(&me.user.id, id).await?.ok_or(PageError::NotFound)?;
        Ok(Self { me, app })
    }
}

/// An organization, for an operator.
#[derive(Clone, Debug)]
pub struct OperatedOrg {
    pub me: SignedIn,
    pub org: Org,
}

impl OperatedOrg {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &OrgId) -> Result<Self, PageError> {
        let OperatorAccess { me } = OperatorAccess::of(cookie, store).await?;
        let org = store.find(Reader::All, id).await?.ok_or(PageError::NotFound)?;
        Ok(Self { me, org })
    }
}

/// An account, disabled or not, for an operator.
#[derive(Clone, Debug)]
pub struct OperatedUser {
    pub me: SignedIn,
    pub account: Account,
}

impl OperatedUser {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &UserId) -> Result<Self, PageError> {
        let OperatorAccess { me } = OperatorAccess::of(cookie, store).await?;
        let account = store.account(id).await?.ok_or(PageError::NotFound)?;
        Ok(Self { me, account })
    }
}

/// A root token, revoked or not, for an operator.
#[derive(Clone, Debug)]
pub struct OperatedToken {
    pub me: SignedIn,
    pub token: RootToken,
}

impl OperatedToken {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &TokenId) -> Result<Self, PageError> {
        let OperatorAccess { me } = OperatorAccess::of(cookie, store).await?;
        let token = store.token(id).await?.ok_or(PageError::NotFound)?;
        Ok(Self { me, token })
    }
}
