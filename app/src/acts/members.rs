//! Acts on the members of an organization, a tenant or a project.

use leptos::prelude::*;
use sallyport::{
    id::{OrgId, UserId},
    member::{Held, Member, Permission, Role},
    place::{Place, PlaceKind},
};

use super::{
    ActError, Caller,
    places::{PlaceAccess, PlaceId},
};
use crate::{access::OrgAccess, error::PageError};

/// The person with this id among the members of a place, if a person with these roles may change or end their roles
/// there and below.
pub fn to_change(access: &OrgAccess, place: &Place, members: &[Member], user: &str) -> Result<Member, PageError> {
    access.needs(Permission::ManageMembers)?;
    let member = members.iter().find(|member| member.user.id.as_str() == user).ok_or(PageError::NotFound)?;
    if may_change(access.role, place, member) {
        return Ok(member.clone());
    }
    let name = &member.user.name;
    let message = match member.roles_at(&place.id).contains(Role::Owner) {
        true => format!("{name} is an owner. Only owners can change that; ask one of them."),
        false => format!("{name} may do more here than you. Ask an owner or an admin to change that."),
    };
    Err(PageError::Forbidden(message))
}

/// Whether a person with these roles may change or end those of a member at a place and below.
pub fn may_change(role: Held, place: &Place, member: &Member) -> bool {
    let below = member.grants.iter().filter(|grant| grant.kind > place.kind || grant.place_id == place.id);
    role.may(Permission::ManageMembers) && below.map(|grant| grant.role).all(|had| role.here.may_grant(had))
}

/// A place that has members, and the person's roles there.
pub(super) async fn place_of(caller: &Caller, id: &PlaceId) -> Result<PlaceAccess, PageError> {
    let access = PlaceAccess::of(caller, id).await?;
    match access.place.kind {
        PlaceKind::App => Err(PageError::NotFound),
        _ => Ok(access),
    }
}

async fn found(caller: &Caller, id: &PlaceId, user: &UserId) -> Result<(OrgAccess, Place, Member), ActError> {
    let PlaceAccess { org, place, .. } = place_of(caller, id).await?;
    let member = to_change(&org, &place, &caller.store().members(&place).await?, user.as_str())?;
    Ok((org, place, member))
}

/// Changes the role that a member was given at a place. Those who have a role above it are given one there, too.
#[server(prefix = "/act", endpoint = "members/change-role")]
pub async fn change_role(place: PlaceId, user: UserId, #[server(default)] role: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let (access, place, member) = found(&caller, &place, &user).await?;
    let role = Role::parse(&role).filter(|role| role.is_granted_at(place.kind));
    let role = role.ok_or_else(|| ActError::field("role", "Choose a role."))?;
    if role == Role::Owner {
        caller.fresh(&access.me).await?;
    }
    caller.store().add_member(&access.me.act(), &place, &member.user, role).await?;
    Ok(())
}

/// Ends the roles of a member at a place and below it. At an organization it revokes, if requested, every key that they
/// created there. Returns how many keys were revoked.
#[server(prefix = "/act", endpoint = "members/remove")]
pub async fn remove_member(
    place: PlaceId,
    user: UserId,
    #[server(default)] revoke_keys: bool,
) -> Result<usize, ActError> {
    let caller = Caller::current();
    let (access, place, member) = found(&caller, &place, &user).await?;
    let (store, act) = (caller.store(), access.me.act());
    if revoke_keys && place.kind == PlaceKind::Org {
        return Ok(store.remove_member_and_keys(&act, &access.org.id, &member.user).await?);
    }
    store.remove_member(&act, &place, &member.user).await?;
    Ok(0)
}

/// The person gives up their own roles at a place and below it.
#[server(prefix = "/act", endpoint = "members/leave")]
pub async fn leave_place(place: PlaceId) -> Result<(), ActError> {
    let caller = Caller::current();
    let PlaceAccess { org, place, .. } = place_of(&caller, &place).await?;
    Ok(caller.store().leave(&org.me.act(), &place, &org.me.user).await?)
}

/// Makes another member an owner of the organization, and the acting owner an admin.
#[server(prefix = "/act", endpoint = "members/hand-over")]
pub async fn hand_over(org: OrgId, user: UserId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs(Permission::OwnOrg)?;
    let members = caller.store().members(&org).await?;
    let member = members.into_iter().find(|member| member.user.id == user).ok_or(PageError::NotFound)?;
    caller.fresh(&access.me).await?;
    Ok(caller.store().hand_over(&access.me.act(), &org, &member.user).await?)
}
