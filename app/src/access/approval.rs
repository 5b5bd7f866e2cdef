//! A request that waits for an approval, for who asked and for those who decide it.

use sallyport::{approval::Approval, id::ApprovalId, member::Permission, store::Store};

use super::{OrgAccess, SessionCookie};
use crate::error::PageError;

#[derive(Clone, Debug)]
pub struct ApprovalAccess {
    pub within: OrgAccess,
    pub approval: Approval,
}

impl ApprovalAccess {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &ApprovalId) -> Result<Self, PageError> {
        let me = cookie.settled(store).await?;
        let approval = store.approval(id).await?.ok_or(PageError::NotFound)?;
        let within = OrgAccess::of(me, store, &approval.org_id).await?;
        let access = Self { within, approval };
        if !access.is_mine() {
            access.within.needs(Permission::GovernKeys)?;
        }
        Ok(access)
    }

    /// Whether the person asked.
    pub fn is_mine(&self) -> bool {
        self.approval.asked_by.is(&self.within.me.act().actor)
    }

    /// Whether the person may decide it: neither their own, nor that of a key that they made.
    pub fn may_decide(&self) -> bool {
        let me = &self.within.me;
        let own = self.approval.is_of(&me.act().actor, Some(me.user.id.as_str()));
        !own && self.within.needs(Permission::GovernKeys).is_ok()
    }
}
