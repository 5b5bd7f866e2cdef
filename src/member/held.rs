//! The roles of one person in an organization, from the point of view of one of its places.

use serde::{Deserialize, Serialize};

use super::{permission::Permission, role::Roles};

/// The roles that a person has in an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Those that apply at the place: granted there or above it. Empty if the person only passes through, on the way
    /// to a place below where they have a role.
    pub here: Roles,
    /// Those granted at the organization itself.
    pub at_org: Roles,
    /// Those granted anywhere in the organization.
    pub anywhere: Roles,
}

impl Held {
    /// Roles at an organization itself, and nowhere else.
    pub fn at_org(roles: impl Into<Roles>) -> Self {
        let roles = roles.into();
        Self { here: roles, at_org: roles, anywhere: roles }
    }

    /// Whether they allow this at the place.
    pub fn may(self, permission: Permission) -> bool {
        self.here.may(permission)
    }

    /// Whether they allow this at the place, or at any other place of the organization.
    pub fn may_somewhere(self, permission: Permission) -> bool {
        self.anywhere.may(permission)
    }
}
