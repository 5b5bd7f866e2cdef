//! Roles and what they allow. The table here is the only definition: the checks of the store, `docs/roles.md`, the
//! explanation on the members pages and the tests of isolation are made from it.

use serde::{Deserialize, Serialize};

use super::permission::Permission;
use crate::place::kind::PlaceKind;

/// A person's role at a place, which applies there and to everything below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Admin,
    Member,
    TenantAdmin,
    TenantMember,
    ProjectAdmin,
    Developer,
    Viewer,
}

/// A role's name, level and permissions.
struct Row {
    role: Role,
    /// Its name in the database, the API and the command line.
    word: &'static str,
    title: &'static str,
    /// Its own level. It can be granted there and at the levels above.
    level: PlaceKind,
    may: &'static [Permission],
}

/// The permissions of each role, in the order of the roles.
const TABLE: [Row; 8] = {
    use Permission::{
        CreateProjects, CreateTenants, GovernKeys, ManageApps, ManageKeys, ManageMembers, ManageOrg, ManagePlace,
        ManageWebhooks, SeeKeys, SeePlace,
    };
    const fn row(
        role: Role,
        word: &'static str,
        title: &'static str,
        level: PlaceKind,
        may: &'static [Permission],
    ) -> Row {
        Row { role, word, title, level, may }
    }
    [
        row(Role::Owner, "owner", "Owner", PlaceKind::Org, &Permission::ALL),
        row(
            Role::Admin,
            "admin",
            "Admin",
            PlaceKind::Org,
            &[
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
            ],
        ),
        row(Role::Member, "member", "Member", PlaceKind::Org, &[SeePlace]),
        row(
            Role::TenantAdmin,
            "tenant_admin",
            "Tenant admin",
            PlaceKind::Tenant,
            &[SeePlace, SeeKeys, ManageKeys, ManageApps, CreateProjects, ManagePlace, ManageMembers],
        ),
        row(Role::TenantMember, "tenant_member", "Tenant member", PlaceKind::Tenant, &[SeePlace, SeeKeys]),
        row(
            Role::ProjectAdmin,
            "project_admin",
            "Project admin",
            PlaceKind::Project,
            &[SeePlace, SeeKeys, ManageKeys, ManageApps, ManagePlace, ManageMembers],
        ),
        row(
            Role::Developer,
            "developer",
            "Developer",
            PlaceKind::Project,
            &[SeePlace, SeeKeys, ManageKeys, ManageApps],
        ),
        row(Role::Viewer, "viewer", "Viewer", PlaceKind::Project, &[SeePlace, SeeKeys]),
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

    /// Its own level.
    pub const fn level(self) -> PlaceKind {
        self.row().level
    }

    pub fn may(self, permission: Permission) -> bool {
        self.row().may.contains(&permission)
    }

    /// Whether it can be granted at such a place: at its own level or above.
    pub fn is_granted_at(self, kind: PlaceKind) -> bool {
        kind <= self.level()
    }

    /// The roles that can be granted at such a place.
    pub fn granted_at(kind: PlaceKind) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |role| role.is_granted_at(kind))
    }
}

/// Several roles, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles(u8);

impl Roles {
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | (1 << role as u8))
    }

    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub const fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// In the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }

    /// The first in the order of the table.
    pub fn first(self) -> Option<Role> {
        self.iter().next()
    }

    pub fn may(self, permission: Permission) -> bool {
        self.iter().any(|role| role.may(permission))
    }

    /// Whether a person with these roles may give that role, or take it from someone: nobody grants more than they may
    /// do themselves.
    pub fn may_grant(self, role: Role) -> bool {
        let covered = |permission: &Permission| !role.may(*permission) || self.may(*permission);
        self.may(Permission::ManageMembers) && Permission::ALL.iter().all(covered)
    }

    /// "Member, Developer".
    pub fn titles(self) -> String {
        self.iter().map(Role::title).collect::<Vec<_>>().join(", ")
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<T: IntoIterator<Item = Role>>(roles: T) -> Self {
        roles.into_iter().fold(Self::default(), Self::with)
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self::default().with(role)
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
    fn members_of_an_organization_see_names_alone() {
        assert!(Role::Member.may(Permission::SeePlace));
        assert!(!Role::Member.may(Permission::SeeKeys) && !Role::Member.may(Permission::ManageKeys));
        assert!(Role::Owner.may(Permission::ManageOrg));
    }

    #[test]
    fn roles_of_tenants_and_projects_see_what_is_there() {
        for role in Role::ALL.into_iter().filter(|role| role.level() != PlaceKind::Org) {
            assert!(role.may(Permission::SeePlace) && role.may(Permission::SeeKeys), "{role:?}");
        }
    }

    #[test]
    fn a_role_is_granted_at_its_level_or_above() {
        assert!(Role::granted_at(PlaceKind::Org).eq(Role::ALL));
        use Role::{Developer, ProjectAdmin, TenantAdmin, TenantMember, Viewer};
        assert!(Role::granted_at(PlaceKind::Tenant).eq([TenantAdmin, TenantMember, ProjectAdmin, Developer, Viewer]));
        assert!(Role::granted_at(PlaceKind::Project).eq([ProjectAdmin, Developer, Viewer]));
        assert_eq!(Role::granted_at(PlaceKind::App).count(), 0);
    }

    #[test]
    fn nobody_grants_more_than_they_have() {
        use Role::{Admin, Developer, Member, Owner, ProjectAdmin, TenantAdmin, TenantMember, Viewer};
        let grantable = |role: Role| Roles::from(role);
        let all = Role::ALL.into_iter().collect::<Vec<_>>();
        for (role, may) in [
            (Owner, all.as_slice()),
            (Admin, &all[1..]),
            (Member, &[]),
            (TenantAdmin, &[Member, TenantAdmin, TenantMember, ProjectAdmin, Developer, Viewer]),
            (TenantMember, &[]),
            (ProjectAdmin, &[Member, TenantMember, ProjectAdmin, Developer, Viewer]),
            (Developer, &[]),
            (Viewer, &[]),
        ] {
            let granted: Vec<_> = Role::ALL.into_iter().filter(|other| grantable(role).may_grant(*other)).collect();
            assert_eq!(granted, may, "{role:?}");
        }
    }

    #[test]
    fn several_roles_allow_what_any_of_them_does() {
        let roles: Roles = [Role::Developer, Role::Member].into_iter().collect();
        assert_eq!((roles.first(), roles.titles().as_str()), (Some(Role::Member), "Member, Developer"));
        assert!(roles.may(Permission::ManageKeys) && !roles.may(Permission::ManageMembers));
        assert!(Roles::default().is_empty() && !Roles::default().may(Permission::SeePlace));
    }
}
