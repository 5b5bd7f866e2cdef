//! The holder of a new key.

use crate::{app::App, id::OrgId, org::Org, profile::HolderKind, user::User};

/// An app, a person in an organization, or the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    App(App),
    /// A personal token: valid as long as the person is a member of the organization.
    Member(Org, User),
    Organization(Org),
}

impl Holder {
    pub const fn owner(&self) -> HolderKind {
        match self {
            Self::App(_) => HolderKind::App,
            Self::Member(..) => HolderKind::Member,
            Self::Organization(_) => HolderKind::Organization,
        }
    }

    pub const fn org_id(&self) -> &OrgId {
        match self {
            Self::App(app) => &app.org_id,
            Self::Member(org, _) | Self::Organization(org) => &org.id,
        }
    }

    pub const fn app(&self) -> Option<&App> {
        match self {
            Self::App(app) => Some(app),
            _ => None,
        }
    }

    pub const fn person(&self) -> Option<&User> {
        match self {
            Self::Member(_, user) => Some(user),
            _ => None,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::App(app) => &app.name,
            Self::Member(_, user) => &user.name,
            Self::Organization(org) => &org.name,
        }
    }
}

impl From<&App> for Holder {
    fn from(app: &App) -> Self {
        Self::App(app.clone())
    }
}
