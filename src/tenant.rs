//! Tenants: separate parts of an organization, often its environments or its customers.

use serde::Serialize;

use crate::{
    Invalid, Timestamp,
    id::{OrgId, TenantId},
    text,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tenant {
    #[serde(rename = "tenant_id")]
    pub id: TenantId,
    pub org_id: OrgId,
    pub name: String,
    pub description: String,
    pub created_at: Timestamp,
    #[serde(skip)]
    pub archived_at: Option<Timestamp>,
}

/// A validated tenant to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTenant {
    pub name: String,
}

impl NewTenant {
    pub fn check(name: &str) -> Result<Self, Invalid> {
        Ok(Self { name: text::line("name", name, 100, "Give the tenant a name.")? })
    }
}
