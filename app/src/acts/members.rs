//! Acts on the members of an organization.

use leptos::prelude::*;
use sallyport::{
    id::{OrgId, UserId},
    member::{Member, Permission, Role},
};

use super::{ActError, Caller};
use crate::{access::OrgAccess, error::PageError};

/// The member with this id, if the person may change their membership.
pub fn to_change(access: &OrgAccess, members: &[Member], user: &str) -> Result<Member, PageError> {
    access.needs(Permission::ManageOrg)?;
    let member = members.iter().find(|member| member.user.id.as_str() == user).ok_or(PageError::NotFound)?;
    if access.role.may_change(Some(member.role), None) {
        return Ok(member.clone());
    }
    let message = format!("{} is an owner. Only owners can change that; ask one of them.", member.user.name);
    Err(PageError::Forbidden(message))
}

async fn found(caller: &Caller, org: &OrgId, user: &UserId) -> Result<(OrgAccess, Member), ActError> {
    let access: OrgAccess = caller.access(org).await?;
    let member = to_change(&access, &caller.store().members(org).await?, user.as_str())?;
    Ok((access, member))
}

/// Changes a member's role.
#[server(prefix = "/act", endpoint = "members/change-role")]
pub async fn change_role(org: OrgId, user: UserId, #[server(default)] role: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let (access, member) = found(&caller, &org, &user).await?;
    let role = Role::parse(&role).ok_or_else(|| ActError::field("role", "Choose Owner, Admin or Member."))?;
    caller.store().change_role(&access.me.act(), &org, &member.user, role).await?;
    Ok(())
}

/// Removes a member and, if requested, revokes every key that they created there. Returns how many keys were revoked.
#[server(prefix = "/act", endpoint = "members/remove")]
pub async fn remove_member(org: OrgId, user: UserId, #[server(default)] revoke_keys: bool) -> Result<usize, ActError> {
    let caller = Caller::current();
    let (access, member) = found(&caller, &org, &user).await?;
    let (store, act) = (caller.store(), access.me.act());
    if revoke_keys {
        return Ok(store.remove_member_and_keys(&act, &org, &member.user).await?);
    }
    store.remove_member(&act, &org, &member.user).await?;
    Ok(0)
}
