//! Permissions, and which of them an action on a place requires.

use crate::place::kind::PlaceKind;

/// What a role may allow at a place and below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    SeePlace,
    SeeKeys,
    ManageKeys,
    ManageApps,
    CreateProjects,
    CreateTenants,
    ManagePlace,
    ManageMembers,
    GovernKeys,
    ManageWebhooks,
    ManageOrg,
    OwnOrg,
}

impl Permission {
    /// In the order of the table in `docs/roles.md`.
    pub const ALL: [Self; 12] = [
        Self::SeePlace,
        Self::SeeKeys,
        Self::ManageKeys,
        Self::ManageApps,
        Self::CreateProjects,
        Self::CreateTenants,
        Self::ManagePlace,
        Self::ManageMembers,
        Self::GovernKeys,
        Self::ManageWebhooks,
        Self::ManageOrg,
        Self::OwnOrg,
    ];

    /// What it allows, as tables of roles show it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::SeePlace => "See the place’s name and its members’ names",
            Self::SeeKeys => "See apps, keys, usage and activity",
            Self::ManageKeys => "Generate, change, rotate, pause and revoke keys",
            Self::ManageApps => "Create and change apps",
            Self::CreateProjects => "Create projects",
            Self::CreateTenants => "Create tenants",
            Self::ManagePlace => "Change settings, archive, delete, revoke all keys of the place",
            Self::ManageMembers => "Manage members and invitations of the place and below",
            Self::GovernKeys => {
                "Set the rules for keys and the trust rules of apps, approve keys that wait for it, resume keys that leaked"
            }
            Self::ManageWebhooks => "Manage webhooks",
            Self::ManageOrg => "Export the whole activity log; manage keys that manage the organization",
            Self::OwnOrg => "Decide who is an owner, delete the organization",
        }
    }
}

impl PlaceKind {
    /// The permission to rename it.
    pub const fn to_edit(self) -> Permission {
        match self {
            Self::App => Permission::ManageApps,
            _ => Permission::ManagePlace,
        }
    }

    /// The permission to archive and to restore it.
    pub const fn to_archive(self) -> Permission {
        Permission::ManagePlace
    }

    pub const fn to_delete(self) -> Permission {
        match self {
            Self::Org => Permission::OwnOrg,
            _ => Permission::ManagePlace,
        }
    }

    /// The permission to revoke all its keys at once.
    pub const fn to_revoke_all(self) -> Permission {
        match self {
            Self::App => Permission::ManageKeys,
            _ => Permission::ManagePlace,
        }
    }

    /// The permission without which it appears not to exist.
    pub const fn to_see(self) -> Permission {
        match self {
            Self::App => Permission::SeeKeys,
            _ => Permission::SeePlace,
        }
    }
}
