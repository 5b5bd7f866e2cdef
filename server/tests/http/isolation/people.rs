//! The people of the matrix: every role at every place where it can be granted, and those without a role. What each of
//! them may do is computed from the one table of roles.

use sallyport::{
    member::{Permission, Role},
    place::PlaceKind,
};

use super::rules::Who;
use crate::client::Answer;

/// Where a role was granted: at a place of the main branch, or beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    Org,
    Tenant,
    Project,
    OtherTenant,
    /// In the tenant of the main branch.
    OtherProject,
}

impl Spot {
    /// The level of the place.
    pub fn kind(self) -> PlaceKind {
        match self {
            Self::Org => PlaceKind::Org,
            Self::Tenant | Self::OtherTenant => PlaceKind::Tenant,
            Self::Project | Self::OtherProject => PlaceKind::Project,
        }
    }

    /// Whether a role there applies at a place of the main branch.
    fn covers(self, at: PlaceKind) -> bool {
        !matches!(self, Self::OtherTenant | Self::OtherProject) && self.kind() <= at
    }

    /// Whether a place of the main branch is above it, so that the person sees its name.
    fn passes(self, at: PlaceKind) -> bool {
        let within = if self == Self::OtherTenant { PlaceKind::Org } else { PlaceKind::Tenant };
        at < self.kind() && at <= within
    }
}

/// Who sends the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not signed in.
    Nobody,
    /// The owner of another organization.
    Stranger,
    /// An operator of the portal who is not a member of anything.
    Operator,
    With(Role, Spot),
}

/// An owner of the organization.
pub const OWNER: Kind = Kind::With(Role::Owner, Spot::Org);

impl Kind {
    /// Everyone.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Nobody, Self::Stranger, Self::Operator];
        for role in Role::ALL {
            let spots = [Spot::Org, Spot::Tenant, Spot::Project].into_iter();
            all.extend(spots.filter(|spot| role.is_granted_at(spot.kind())).map(|spot| Self::With(role, spot)));
        }
        all.push(Self::With(Role::TenantAdmin, Spot::OtherTenant));
        all.push(Self::With(Role::ProjectAdmin, Spot::OtherProject));
        all
    }

    pub fn email(self) -> String {
        let word: String = format!("{self:?}").chars().filter(char::is_ascii_alphanumeric).collect();
        format!("{word}@example.com").to_lowercase()
    }

    /// What happens if they use an address of a place at that level of the main branch.
    pub fn expects(self, who: Who, at: PlaceKind) -> Expected {
        match (who, self) {
            (Who::Everybody(status), _) => Expected::Status(status),
            (Who::Guests, Self::Nobody) => Expected::Status(200),
            (Who::Guests, _) => Expected::Status(303),
            (_, Self::Nobody) => Expected::SignIn,
            (Who::SignedIn, _) | (Who::Operators, Self::Operator) | (Who::Holder, OWNER) => Expected::Taken,
            (Who::Operators | Who::Holder | Who::SomebodyElse, _) | (_, Self::Stranger | Self::Operator) => {
                Expected::NotFound
            }
            (_, Self::With(role, spot)) => with(role, spot, who, at),
        }
    }
}

fn with(role: Role, spot: Spot, who: Who, at: PlaceKind) -> Expected {
    if let Who::WithinProject(permission) = who {
        return match (spot.covers(PlaceKind::Project), role.may(permission)) {
            (true, true) => Expected::Taken,
            // Nothing of the log is for those who see no keys.
            (_, false) => Expected::Forbidden,
            (false, true) => Expected::NotFound,
        };
    }
    let here = |permission: Permission| spot.covers(at) && role.may(permission);
    if !here(at.to_see()) && !spot.passes(at) {
        return Expected::NotFound;
    }
    let may = match who {
        Who::May(permission) => here(permission),
        Who::Somewhere(permission) => role.may(permission),
        Who::Passing => true,
        Who::WholeLog if here(Permission::SeeKeys) => here(Permission::ManageOrg),
        Who::WholeLog => role.may(Permission::SeeKeys),
        Who::Leaving if spot.kind() >= at => true,
        Who::Leaving => return Expected::NotFound,
        Who::WithinProject(_)
        | Who::Everybody(_)
        | Who::Guests
        | Who::SignedIn
        | Who::Operators
        | Who::Holder
        | Who::SomebodyElse => {
            unreachable!("not about a place")
        }
    };
    if may { Expected::Taken } else { Expected::Forbidden }
}

/// The response of an address to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Taken,
    Status(u16),
    /// A redirect to the sign-in.
    SignIn,
    /// As if it did not exist.
    NotFound,
    Forbidden,
}

impl Expected {
    pub fn check(self, answer: &Answer, what: &str) {
        let status = answer.status.as_u16();
        let to_sign_in = status == 303 && answer.location().starts_with("/sign-in");
        let held = match self {
            Self::Taken => matches!(status, 200 | 303 | 400 | 409 | 422) && !to_sign_in,
            Self::Status(expected) => status == expected,
            Self::SignIn => to_sign_in && answer.body.is_empty(),
            Self::NotFound => status == 404,
            Self::Forbidden => status == 403 && answer.body.contains("Your role here is"),
        };
        assert!(held, "{what}: {self:?} was expected, not {status} {}\n{}", answer.location(), answer.body);
    }
}
