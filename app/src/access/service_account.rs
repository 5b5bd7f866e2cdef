//! Service accounts and their tokens, for those who manage members where the account has its role.

use sallyport::{
    id::{ServiceAccountId, ServiceTokenId},
    member::Permission,
    place::{PlaceKind, PlaceRef},
    service_account::{ServiceAccount, ServiceToken},
    store::Store,
};

use super::{OrgAccess, SessionCookie};
use crate::error::PageError;

#[derive(Clone, Debug)]
pub struct ServiceAccountAccess {
    pub within: OrgAccess,
    pub account: ServiceAccount,
}

impl ServiceAccountAccess {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &ServiceAccountId) -> Result<Self, PageError> {
        let me = cookie.settled(store).await?;
        let account = store.service_account(id).await?.ok_or(PageError::NotFound)?;
        let within = OrgAccess::of(me, store, &account.org_id).await?;
        match &account.role {
            Some(role) if role.kind != PlaceKind::Org => {
                let place = PlaceRef { kind: role.kind, id: &role.place_id, org_id: &account.org_id };
                if !store.may(&within.me.user.id, place, Permission::ManageMembers).await? {
                    return Err(PageError::NotFound);
                }
            }
            // Without a role it belongs to the organization alone.
            _ => within.needs(Permission::ManageMembers)?,
        }
        Ok(Self { within, account })
    }
}

/// A token of such an account. It may have ended.
#[derive(Clone, Debug)]
pub struct ServiceTokenAccess {
    pub within: ServiceAccountAccess,
    pub token: ServiceToken,
}

impl ServiceTokenAccess {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &ServiceTokenId) -> Result<Self, PageError> {
        // Who is not signed in learns nothing of which tokens there are.
        cookie.settled(store).await?;
        let token = store.service_token(id).await?.ok_or(PageError::NotFound)?;
        let within = ServiceAccountAccess::found(cookie, store, &token.account_id).await?;
        Ok(Self { within, token })
    }
}
