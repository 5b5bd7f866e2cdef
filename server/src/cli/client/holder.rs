//! What keys belong to.

use clap::Args;
use sallyport::id::{AppId, OrgId};

use crate::cli::ids;

/// The app or the organization that keys belong to.
#[derive(Args)]
#[group(id = "holder", required = true, multiple = false)]
pub struct HolderArgs {
    /// Id of the app
    #[arg(long, value_name = "APP", value_parser = ids::app)]
    app: Option<AppId>,
    /// Id of an organization instead
    #[arg(long, value_name = "ORG", value_parser = ids::org)]
    org: Option<OrgId>,
}

impl HolderArgs {
    /// The address of its keys in the API.
    pub fn path(&self) -> String {
        match (&self.app, &self.org) {
            (Some(app), _) => format!("/v1/apps/{app}/keys"),
            (None, Some(org)) => format!("/v1/orgs/{org}/keys"),
            // clap requires one of them.
            (None, None) => String::new(),
        }
    }
}
