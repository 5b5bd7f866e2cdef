//! Webhooks: the endpoints of an organization, and what was sent to them.

pub mod delete;
pub mod deliveries;
pub mod delivery;
pub mod edit;
mod fields;
pub mod list;
pub mod new;
pub mod resend;
pub mod resend_failed;
pub mod secret;
pub mod show;
mod status;
pub mod test;

use crate::{
    access::OrgAccess,
    error::PageError,
    portal::{Chrome, Crumb, Section},
    shell,
    ui::Ui,
};

/// The frame of a page below the list.
async fn chrome(ui: &Ui, access: &OrgAccess) -> Result<Chrome, PageError> {
    let mut chrome = shell::of_org(ui, access, Section::Webhooks).await?;
    chrome.crumbs.push(Crumb::link("Webhooks", format!("/orgs/{}/webhooks", access.org.id)));
    Ok(chrome)
}

/// What was done, said on the page that follows.
fn told(done: &str) -> Option<&'static str> {
    match done {
        "created" => Some("Created."),
        "saved" => Some("Saved."),
        "deleted" => Some("Deleted."),
        "test" => Some("A test event is sent."),
        "resend" => Some("It is sent again."),
        "resent" => Some("What failed is sent again."),
        _ => None,
    }
}
