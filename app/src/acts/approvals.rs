//! Acts on requests that wait for an approval.

use leptos::prelude::*;
use sallyport::{approval::check_reason, id::ApprovalId, member::Permission, store::Claimed};

use super::{ActError, Caller, InPage};
use crate::access::ApprovalAccess;

/// Approves what somebody else asked for.
#[server(prefix = "/act", endpoint = "approvals/approve")]
pub async fn approve(approval: ApprovalId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access = to_decide(&caller, &approval).await?;
    // It may give a key more.
    caller.fresh(&access.within.me).await?;
    Ok(caller.store().approve(&access.within.me.act(), &access.approval.id).await.map(drop)?)
}

/// Refuses it, with a reason.
#[server(prefix = "/act", endpoint = "approvals/refuse")]
pub async fn refuse(approval: ApprovalId, #[server(default)] reason: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let access = to_decide(&caller, &approval).await?;
    let reason = check_reason(&reason)?;
    Ok(caller.store().refuse_approval(&access.within.me.act(), &access.approval.id, reason).await.map(drop)?)
}

/// Withdraws one's own request.
#[server(prefix = "/act", endpoint = "approvals/withdraw")]
pub async fn withdraw(approval: ApprovalId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: ApprovalAccess = caller.access(&approval).await?;
    Ok(caller.store().withdraw_approval(&access.within.me.act(), &access.approval.id).await?)
}

/// Makes the key, or changes it, as it was approved. Returns the secrets of a new one.
#[server(prefix = "/act", endpoint = "approvals/claim")]
pub async fn claim(approval: ApprovalId) -> Result<InPage<Claimed>, ActError> {
    let caller = Caller::current();
    let access: ApprovalAccess = caller.access(&approval).await?;
    Ok(InPage(caller.store().claim_approval(&access.within.me.act(), &access.approval.id).await?))
}

async fn to_decide(caller: &Caller, approval: &ApprovalId) -> Result<ApprovalAccess, ActError> {
    let access: ApprovalAccess = caller.access(approval).await?;
    access.within.needs(Permission::GovernKeys)?;
    Ok(access)
}
