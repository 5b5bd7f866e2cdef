//! What a person may do in an organization.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Admin,
    Member,
}

/// Something a page or a verb asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Generate and revoke API keys.
    ManageKeys,
    /// Make projects and apps.
    ManageApps,
    /// Make tenants, change the organization.
    ManageOrg,
    /// Archive, restore and delete what is in the organization.
    EndPlaces,
    /// Delete the organization.
    DeleteOrg,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Owner, Self::Admin, Self::Member];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::Member => "Member",
        }
    }

    pub const fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::ManageKeys | Permission::ManageApps => true,
            Permission::ManageOrg | Permission::EndPlaces => matches!(self, Self::Owner | Self::Admin),
            Permission::DeleteOrg => matches!(self, Self::Owner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_work_but_do_not_rule() {
        assert!(Role::Member.may(Permission::ManageKeys));
        assert!(!Role::Member.may(Permission::ManageOrg));
        assert!(Role::Owner.may(Permission::ManageOrg));
    }
}
