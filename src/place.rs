//! Organizations, tenants, projects and apps: what they have in common is a name, a description and a lifecycle.

pub mod kind;

pub use kind::PlaceKind;

use crate::{
    Invalid, Timestamp,
    app::App,
    audit::{Action, Target},
    fold::composed,
    id::{AppId, OrgId},
    org::Org,
    project::Project,
    tenant::Tenant,
    text,
};

impl PlaceKind {
    pub const fn edited(self) -> Action {
        match self {
            Self::Org => Action::OrgEdited,
            Self::Tenant => Action::TenantEdited,
            Self::Project => Action::ProjectEdited,
            Self::App => Action::AppEdited,
        }
    }

    pub const fn archived(self) -> Action {
        match self {
            Self::Org => Action::OrgArchived,
            Self::Tenant => Action::TenantArchived,
            Self::Project => Action::ProjectArchived,
            Self::App => Action::AppArchived,
        }
    }

    pub const fn restored(self) -> Action {
        match self {
            Self::Org => Action::OrgRestored,
            Self::Tenant => Action::TenantRestored,
            Self::Project => Action::ProjectRestored,
            Self::App => Action::AppRestored,
        }
    }

    pub const fn deleted(self) -> Action {
        match self {
            Self::Org => Action::OrgDeleted,
            Self::Tenant => Action::TenantDeleted,
            Self::Project => Action::ProjectDeleted,
            Self::App => Action::AppDeleted,
        }
    }
}

/// Any of the four.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub kind: PlaceKind,
    pub id: String,
    pub org_id: OrgId,
    pub name: String,
    pub description: String,
    pub archived_at: Option<Timestamp>,
    /// Set for an app, whose events are found by it.
    pub app_id: Option<AppId>,
}

impl Place {
    /// The address of its page.
    pub fn path(&self) -> String {
        self.kind.path(&self.id)
    }

    pub fn target(&self) -> Target {
        let target = Target::new(self.kind.noun(), &self.id, &self.name);
        match &self.app_id {
            Some(app) => target.of_app(app),
            None => target,
        }
    }
}

impl From<&Org> for Place {
    fn from(org: &Org) -> Self {
        Self {
            kind: PlaceKind::Org,
            id: org.id.to_string(),
            org_id: org.id.clone(),
            name: org.name.clone(),
            description: org.description.clone(),
            archived_at: org.archived_at,
            app_id: None,
        }
    }
}

impl From<&Tenant> for Place {
    fn from(tenant: &Tenant) -> Self {
        Self {
            kind: PlaceKind::Tenant,
            id: tenant.id.to_string(),
            org_id: tenant.org_id.clone(),
            name: tenant.name.clone(),
            description: tenant.description.clone(),
            archived_at: tenant.archived_at,
            app_id: None,
        }
    }
}

impl From<&Project> for Place {
    fn from(project: &Project) -> Self {
        Self {
            kind: PlaceKind::Project,
            id: project.id.to_string(),
            org_id: project.org_id.clone(),
            name: project.name.clone(),
            description: project.description.clone(),
            archived_at: project.archived_at,
            app_id: None,
        }
    }
}

impl From<&App> for Place {
    fn from(app: &App) -> Self {
        Self {
            kind: PlaceKind::App,
            id: app.id.to_string(),
            org_id: app.org_id.clone(),
            name: app.name.clone(),
            description: app.description.clone(),
            archived_at: app.archived_at,
            app_id: Some(app.id.clone()),
        }
    }
}

/// A reference to a place by id, for permission checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceRef<'a> {
    pub kind: PlaceKind,
    pub id: &'a str,
    pub org_id: &'a OrgId,
}

impl<'a> From<&'a OrgId> for PlaceRef<'a> {
    fn from(org: &'a OrgId) -> Self {
        Self { kind: PlaceKind::Org, id: org.as_str(), org_id: org }
    }
}

impl<'a> From<&'a Place> for PlaceRef<'a> {
    fn from(place: &'a Place) -> Self {
        Self { kind: place.kind, id: &place.id, org_id: &place.org_id }
    }
}

impl<'a> From<&'a Tenant> for PlaceRef<'a> {
    fn from(tenant: &'a Tenant) -> Self {
        Self { kind: PlaceKind::Tenant, id: tenant.id.as_str(), org_id: &tenant.org_id }
    }
}

impl<'a> From<&'a Project> for PlaceRef<'a> {
    fn from(project: &'a Project) -> Self {
        Self { kind: PlaceKind::Project, id: project.id.as_str(), org_id: &project.org_id }
    }
}

impl<'a> From<&'a App> for PlaceRef<'a> {
    fn from(app: &'a App) -> Self {
        Self { kind: PlaceKind::App, id: app.id.as_str(), org_id: &app.org_id }
    }
}

/// The validated name and description of a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    pub name: String,
    pub description: String,
}

impl Naming {
    pub fn check(kind: PlaceKind, name: &str, description: &str) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let name = invalid.take(text::line("name", name, 100, &format!("Give the {} a name.", kind.noun())));
        let description = invalid.take(text::paragraph("description", description, 1000));
        invalid.or(Self { name, description })
    }
}

/// Requires the exact name before an action on many things.
pub fn check_typed_name(typed: &str, name: &str) -> Result<(), Invalid> {
    // A page shows several spaces as one, and keyboards differ in how they compose letters, which is invisible to
    // people.
    let shown = |text: &str| composed(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    if shown(typed) == shown(name) {
        return Ok(());
    }
    Err(Invalid::field("typed_name", format!("Type the name as it is written here: {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_typed_as_it_is_read() {
        assert!(check_typed_name(" Focus  Labs ", "Focus Labs").is_ok());
        assert!(check_typed_name("Cafe\u{301}", "Café").is_ok());
        assert!(check_typed_name("Focus", "Focus   Labs").is_err());
        assert!(check_typed_name("focus labs", "Focus Labs").is_err());
        assert!(check_typed_name("", "Focus Labs").is_err());
    }
}
