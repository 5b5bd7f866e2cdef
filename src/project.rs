//! Projects, which group apps.

use serde::Serialize;

use crate::{
    Invalid, Timestamp,
    id::{OrgId, ProjectId, TenantId},
    text,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Project {
    #[serde(rename = "project_id")]
    pub id: ProjectId,
    pub tenant_id: TenantId,
    pub org_id: OrgId,
    pub name: String,
    pub description: String,
    pub created_at: Timestamp,
    #[serde(skip)]
    pub archived_at: Option<Timestamp>,
}

/// A validated project to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProject {
    pub name: String,
}

impl NewProject {
    pub fn check(name: &str) -> Result<Self, Invalid> {
        Ok(Self { name: text::line("name", name, 100, "Give the project a name.")? })
    }
}
