//! Acts on organizations, tenants, projects and apps alike.

use leptos::prelude::*;
use sallyport::{
    id::{AppId, OrgId, ProjectId, TenantId},
    place::{Naming, Place, check_typed_name},
    text,
};
use serde::{Deserialize, Serialize};

use super::{ActError, Caller};
use crate::{
    access::{AppAccess, OrgAccess, ProjectAccess, TenantAccess},
    edit_conflict::check_unchanged,
    error::PageError,
};

/// The id of an organization, a tenant, a project or an app, distinguished by its prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PlaceId {
    Org(OrgId),
    Tenant(TenantId),
    Project(ProjectId),
    App(AppId),
}

impl PlaceId {
    /// The address of its page.
    pub fn path(&self) -> String {
        match self {
            Self::Org(id) => format!("/orgs/{id}"),
            Self::Tenant(id) => format!("/tenants/{id}"),
            Self::Project(id) => format!("/projects/{id}"),
            Self::App(id) => format!("/apps/{id}"),
        }
    }
}

impl TryFrom<String> for PlaceId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let id = OrgId::parse(&text).map(Self::Org).or_else(|| TenantId::parse(&text).map(Self::Tenant));
        let id =
            id.or_else(|| ProjectId::parse(&text).map(Self::Project)).or_else(|| AppId::parse(&text).map(Self::App));
        id.ok_or("the id of an organization, a tenant, a project or an app was expected")
    }
}

impl From<PlaceId> for String {
    fn from(id: PlaceId) -> Self {
        match id {
            PlaceId::Org(id) => id.to_string(),
            PlaceId::Tenant(id) => id.to_string(),
            PlaceId::Project(id) => id.to_string(),
            PlaceId::App(id) => id.to_string(),
        }
    }
}

macro_rules! from_ids {
    ($($kind:ident of $id:ident),*) => {$(
        impl From<$id> for PlaceId {
            fn from(id: $id) -> Self {
                Self::$kind(id)
            }
        }
    )*};
}

from_ids!(Org of OrgId, Tenant of TenantId, Project of ProjectId, App of AppId);

/// A place that the person may see.
pub(super) struct PlaceAccess {
    pub(super) org: OrgAccess,
    pub(super) place: Place,
    /// The page to show once it is deleted.
    above: String,
}

impl PlaceAccess {
    pub(super) async fn of(caller: &Caller, id: &PlaceId) -> Result<Self, PageError> {
        Ok(match id {
            PlaceId::Org(id) => {
                let org: OrgAccess = caller.access(id).await?;
                Self { place: Place::from(&org.org), org, above: "/".to_owned() }
            }
            PlaceId::Tenant(id) => {
                let TenantAccess { within: org, tenant } = caller.access(id).await?;
                Self { place: Place::from(&tenant), above: Place::from(&org.org).path(), org }
            }
            PlaceId::Project(id) => {
                let ProjectAccess { within, project } = caller.access(id).await?;
                Self { place: Place::from(&project), above: Place::from(&within.tenant).path(), org: within.within }
            }
            PlaceId::App(id) => {
                let AppAccess { within, app } = caller.access(id).await?;
                let above = Place::from(&within.project).path();
                Self { place: Place::from(&app), above, org: within.within.within }
            }
        })
    }
}

/// Changes its name and description. `seen` identifies the values that the form showed.
#[server(prefix = "/act", endpoint = "places/edit")]
pub async fn edit_place(
    place: PlaceId,
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] seen: String,
) -> Result<(), ActError> {
    let caller = Caller::current();
    let PlaceAccess { org, place, .. } = PlaceAccess::of(&caller, &place).await?;
    org.needs(place.kind.to_edit())?;
    check_unchanged(&seen, &[("name", &name, &place.name), ("description", &description, &place.description)])?;
    let new = Naming::check(place.kind, &name, &description)?;
    Ok(caller.store().edit_place(&org.me.act(), &place, new).await?)
}

/// Archives it: requests with its keys are refused until it is restored.
#[server(prefix = "/act", endpoint = "places/archive")]
pub async fn archive_place(place: PlaceId) -> Result<(), ActError> {
    let caller = Caller::current();
    let PlaceAccess { org, place, .. } = PlaceAccess::of(&caller, &place).await?;
    org.needs(place.kind.to_archive())?;
    Ok(caller.store().archive_place(&org.me.act(), &place).await?)
}

/// Restores it. Returns the address of its page.
#[server(prefix = "/act", endpoint = "places/restore")]
pub async fn restore_place(place: PlaceId) -> Result<String, ActError> {
    let caller = Caller::current();
    let PlaceAccess { org, place, .. } = PlaceAccess::of(&caller, &place).await?;
    org.needs(place.kind.to_archive())?;
    caller.store().restore_place(&org.me.act(), &place).await?;
    Ok(place.path())
}

/// Deletes it with everything below it, after its name was typed. Returns the address of the next page.
#[server(prefix = "/act", endpoint = "places/delete")]
pub async fn delete_place(place: PlaceId, #[server(default)] typed_name: String) -> Result<String, ActError> {
    let caller = Caller::current();
    let PlaceAccess { org, place, above } = PlaceAccess::of(&caller, &place).await?;
    org.needs(place.kind.to_delete())?;
    check_typed_name(&typed_name, &place.name)?;
    caller.fresh(&org.me).await?;
    caller.store().delete_place(&org.me.act(), &place).await?;
    Ok(above)
}

/// Revokes all its keys, after its name was typed. Returns how many.
#[server(prefix = "/act", endpoint = "places/revoke-keys")]
pub async fn revoke_keys(
    place: PlaceId,
    #[server(default)] typed_name: String,
    #[server(default)] reason: String,
) -> Result<u64, ActError> {
    let caller = Caller::current();
    let PlaceAccess { org, place, .. } = PlaceAccess::of(&caller, &place).await?;
    org.needs(place.kind.to_revoke_all())?;
    check_typed_name(&typed_name, &place.name)?;
    let reason = text::optional_line("reason", &reason, 200)?;
    caller.fresh(&org.me).await?;
    Ok(caller.store().revoke_all(&org.me.act(), &place, reason).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_of_what_it_is() {
        for text in ["org_x_1", "ten_x_1", "prj_x_1", "app_x_1"] {
            assert_eq!(PlaceId::try_from(text.to_owned()).map(String::from), Ok(text.to_owned()));
        }
        for text in ["", "key_1", "org_", "org_\0", "org_x/../app_y"] {
            assert!(PlaceId::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
