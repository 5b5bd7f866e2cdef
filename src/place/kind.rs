//! The four levels.

/// A level: organizations contain tenants, these projects, and these apps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceKind {
    Org,
    Tenant,
    Project,
    App,
}

impl PlaceKind {
    pub const ALL: [Self; 4] = [Self::Org, Self::Tenant, Self::Project, Self::App];

    /// Its name in texts, events and the database.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Org => "organization",
            Self::Tenant => "tenant",
            Self::Project => "project",
            Self::App => "app",
        }
    }

    pub fn parse(noun: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.noun() == noun)
    }

    /// The address of the page of the place of this kind with this id.
    pub fn path(self, id: &str) -> String {
        format!("/{}s/{id}", if self == Self::Org { "org" } else { self.noun() })
    }
}
