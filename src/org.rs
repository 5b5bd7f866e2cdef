//! Organizations, which own everything below them.

use serde::Serialize;

use crate::{Invalid, Timestamp, colour::Colour, id::OrgId, plan::Plan, tenant::NewTenant, text};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Org {
    #[serde(rename = "org_id")]
    pub id: OrgId,
    pub name: String,
    pub description: String,
    pub plan: Plan,
    /// The one that was chosen.
    #[serde(skip)]
    pub colour: Option<Colour>,
    /// The digest of its logo, if it has one.
    #[serde(skip)]
    pub logo: Option<String>,
    pub created_at: Timestamp,
    #[serde(skip)]
    pub archived_at: Option<Timestamp>,
    /// Set while an operator has suspended it.
    #[serde(skip)]
    pub suspended: Option<Suspension>,
}

/// Since when every key of an organization is refused, and the operator's reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    pub at: Timestamp,
    pub reason: String,
}

/// A validated organization to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewOrg {
    pub name: String,
    pub description: String,
    pub plan: Plan,
    /// Created with it, so that projects can be added at once.
    pub first_tenant: Option<NewTenant>,
}

impl NewOrg {
    pub fn check(name: &str, description: &str, plan: &str, tenant: &str) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let name = invalid.take(text::line("name", name, 100, "Give the organization a name."));
        let description = invalid.take(text::paragraph("description", description, 1000));
        let plan =
            invalid.take(Plan::parse(plan).ok_or_else(|| Invalid::field("plan", "Choose starter, pro or enterprise.")));
        let tenant = invalid.take(text::optional_line("tenant", tenant, 100));
        let first_tenant = (!tenant.is_empty()).then_some(NewTenant { name: tenant });
        invalid.or(Self { name, description, plan, first_tenant })
    }
}
