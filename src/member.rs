//! Roles of people in organizations, and what they allow.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Timestamp, export::ExportRow, user::User};

/// A member of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub user: User,
    pub role: Role,
    pub since: Timestamp,
    /// Can't sign in at present.
    pub disabled: bool,
    /// When they last used the portal, while they have a session that did not end.
    pub last_seen_at: Option<Timestamp>,
}

/// The columns of the members page.
impl ExportRow for Member {
    const COLUMNS: &'static [&'static str] = &["user_id", "name", "email", "role", "since", "disabled"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.user.id.to_string(),
            self.user.name.clone(),
            self.user.email.clone(),
            self.role.as_str().to_owned(),
            self.since.to_rfc3339(),
            self.disabled.to_string(),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "user_id": self.user.id.as_str(),
            "name": self.user.name,
            "email": self.user.email,
            "role": self.role.as_str(),
            "since": self.since.to_rfc3339(),
            "disabled": self.disabled,
        })
    }
}

/// The outcome of giving someone a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleGiven {
    Added,
    Changed,
    /// They had it already.
    Unchanged,
}

/// A person's role at a place, which applies to everything below it. The strongest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Admin,
    Member,
}

/// A permission that a page or a write requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Generate and revoke API keys.
    ManageKeys,
    /// Create projects and apps.
    ManageApps,
    /// Create tenants, change the organization.
    ManageOrg,
    /// Archive, restore and delete what is in the organization.
    EndPlaces,
    /// Delete the organization.
    DeleteOrg,
}

/// A role's name and permissions.
struct Row {
    role: Role,
    /// Its name in the database, the API and the command line. The table `roles` defines where it can be granted.
    word: &'static str,
    title: &'static str,
    may: &'static [Permission],
}

/// The permissions of each role, in the order of the roles. This table is the only definition.
const TABLE: [Row; 3] = {
    use Permission::{DeleteOrg, EndPlaces, ManageApps, ManageKeys, ManageOrg};
    [
        Row {
            role: Role::Owner,
            word: "owner",
            title: "Owner",
            may: &[ManageKeys, ManageApps, ManageOrg, EndPlaces, DeleteOrg],
        },
        Row { role: Role::Admin, word: "admin", title: "Admin", may: &[ManageKeys, ManageApps, ManageOrg, EndPlaces] },
        Row { role: Role::Member, word: "member", title: "Member", may: &[ManageKeys, ManageApps] },
    ]
};

impl Role {
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Owner; TABLE.len()];
        let mut at = 0;
        while at < TABLE.len() {
            all[at] = TABLE[at].role;
            at += 1;
        }
        all
    };

    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    pub const fn as_str(self) -> &'static str {
        self.row().word
    }

    pub const fn title(self) -> &'static str {
        self.row().title
    }

    pub fn may(self, permission: Permission) -> bool {
        self.row().may.contains(&permission)
    }

    /// Whether a member with this role may change another's from one to another, or to none: owners may change all,
    /// admins those of members who neither are nor become owners.
    pub fn may_change(self, from: Option<Self>, to: Option<Self>) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => from != Some(Self::Owner) && to != Some(Self::Owner),
            Self::Member => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_row() {
        for (at, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!((role as usize, role.row().role, Role::parse(role.as_str())), (at, role, Some(role)));
        }
        assert!(Role::Owner < Role::Admin && Role::Admin < Role::Member);
    }

    #[test]
    fn members_work_but_do_not_rule() {
        assert!(Role::Member.may(Permission::ManageKeys));
        assert!(!Role::Member.may(Permission::ManageOrg));
        assert!(Role::Owner.may(Permission::ManageOrg));
    }

    #[test]
    fn owners_alone_make_and_unmake_owners() {
        let (owner, admin, member) = (Some(Role::Owner), Some(Role::Admin), Some(Role::Member));
        for (from, to) in [(owner, member), (member, owner), (owner, None), (None, owner)] {
            assert!(Role::Owner.may_change(from, to) && !Role::Admin.may_change(from, to), "{from:?} to {to:?}");
        }
        for (from, to) in [(admin, member), (member, admin), (admin, None), (None, member)] {
            assert!(Role::Admin.may_change(from, to) && !Role::Member.may_change(from, to), "{from:?} to {to:?}");
        }
    }
}
