//! The place whose members a command reads or changes.

use clap::Args;
use sallyport::{
    id::{OrgId, ProjectId, TenantId},
    place::Place,
    store::{Reader, Store},
};

use super::{ids, said};

/// An organization, a tenant or a project.
#[derive(Args)]
#[group(id = "place", required = true, multiple = false)]
pub struct PlaceArgs {
    /// Id of the organization, as its page shows it
    #[arg(long, value_name = "ORG", value_parser = ids::org)]
    org: Option<OrgId>,
    /// Id of a tenant instead
    #[arg(long, value_name = "TENANT", value_parser = ids::tenant)]
    tenant: Option<TenantId>,
    /// Id of a project instead
    #[arg(long, value_name = "PROJECT", value_parser = ids::project)]
    project: Option<ProjectId>,
}

impl PlaceArgs {
    /// Its address in the API.
    pub fn path(&self) -> String {
        match self {
            Self { org: Some(id), .. } => format!("/v1/orgs/{id}"),
            Self { tenant: Some(id), .. } => format!("/v1/tenants/{id}"),
            Self { project: Some(id), .. } => format!("/v1/projects/{id}"),
            // clap requires one of them.
            _ => String::new(),
        }
    }

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
