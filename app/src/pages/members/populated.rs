//! What has members: an organization, a tenant or a project.

use crate::{
    access::{OrgAccess, ProjectAccess, TenantAccess},
    error::PageError,
    pages::settings::placed::Placed,
    portal::{Chrome, Section},
    shell,
    ui::Ui,
};

pub trait Populated: Placed {
    /// The frame of the page of its members.
    fn frame(&self, ui: &Ui) -> impl Future<Output = Result<Chrome, PageError>> + Send;
}

impl Populated for OrgAccess {
    async fn frame(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::here(shell::of_org(ui, self, Section::Members).await?, "Members"))
    }
}

impl Populated for TenantAccess {
    async fn frame(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::here(shell::of_tenant(ui, self).await?, "Members"))
    }
}

impl Populated for ProjectAccess {
    async fn frame(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::here(shell::of_project(ui, self).await?, "Members"))
    }
}
