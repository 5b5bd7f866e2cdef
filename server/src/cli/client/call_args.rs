//! Options of every command that calls a portal.

use clap::Args;

use super::{
    portal_url::PortalUrl,
    session::{ClientContext, Session},
};

#[derive(Args)]
pub struct CallArgs {
    /// Portal to call [default: that of the last sign-in]
    #[arg(long, env = "SALLYPORT_URL", value_name = "URL", value_parser = PortalUrl::parse)]
    url: Option<PortalUrl>,
    /// Print JSON: what the API answers; an array of all entries where they are listed
    #[arg(long)]
    pub json: bool,
}

impl CallArgs {
    pub fn session<'a>(&self, context: &'a ClientContext<'_>) -> Result<Session<'a>, String> {
        context.session(self.url.as_ref())
    }
}
