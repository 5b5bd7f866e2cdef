//! What a person may do in an organization.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Timestamp, export::ExportRow, user::User};

/// A person in an organization.
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

/// As the page of members shows them.
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

/// What became of somebody who was given a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleGiven {
    Added,
    Changed,
    /// They had it already.
    Unchanged,
}

/// What a person is at a place, and so at all that is in it. The strongest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

/// What a role is called, and what it allows.
struct Row {
    role: Role,
    /// As the database, the API and the command line have it. Where it can be granted, the table `roles` says.
    word: &'static str,
    title: &'static str,
    may: &'static [Permission],
}

/// Who may do what: a row for each role, in the order of the roles. It is the only place that knows.
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

    /// Whether somebody of this role may change another's, from one to another or to none: owners everybody's, admins
    /// those of whoever does not own the organization and will not.
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
