//! The place whose members a command reads or changes.

use clap::Args;
use sallyport::{
    id::{OrgId, ProjectId, TenantId},
    place::Place,
    store::{Reader, Store},
};

use super::said;

fn org(text: &str) -> Result<OrgId, String> {
    OrgId::parse(text).ok_or_else(|| "it should look like org_focus_labs_kB8mPx, as its page shows it".to_owned())
}

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).ok_or_else(|| "it should look like ten_clinics_kB8mPx, as its page shows it".to_owned())
}

fn project(text: &str) -> Result<ProjectId, String> {
    ProjectId::parse(text).ok_or_else(|| "it should look like prj_website_kB8mPx, as its page shows it".to_owned())
}

/// An organization, a tenant or a project.
#[derive(Args)]
#[group(id = "place", required = true, multiple = false)]
pub struct PlaceArgs {
    /// Id of the organization, as its page shows it
    #[arg(long, value_name = "ORG", value_parser = org)]
    org: Option<OrgId>,
    /// Id of a tenant instead
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    tenant: Option<TenantId>,
    /// Id of a project instead
    #[arg(long, value_name = "PROJECT", value_parser = project)]
    project: Option<ProjectId>,
}

impl PlaceArgs {
    /// The place with that id.
    pub async fn find(&self, store: &Store) -> Result<Place, String> {
        let (found, id) = match self {
            Self { org: Some(id), .. } => {
                (store.find(Reader::All, id).await.map_err(said)?.as_ref().map(Place::from), id.as_str())
            }
            Self { tenant: Some(id), .. } => {
                (store.find(Reader::All, id).await.map_err(said)?.as_ref().map(Place::from), id.as_str())
            }
            Self { project: Some(id), .. } => {
                (store.find(Reader::All, id).await.map_err(said)?.as_ref().map(Place::from), id.as_str())
            }
            // clap requires one of them.
            _ => (None, ""),
        };
        let noun = match self {
            Self { org: Some(_), .. } => "organization",
            Self { tenant: Some(_), .. } => "tenant",
            _ => "project",
        };
        found.ok_or_else(|| format!("There is no {noun} {id}. Its page in the portal shows its id."))
    }
}

/// The option that names the place: `--org org_focus_labs_kB8mPx`.
pub fn option(place: &Place) -> String {
    let name = if place.kind == sallyport::place::PlaceKind::Org { "org" } else { place.kind.noun() };
    format!("--{name} {}", place.id)
}
