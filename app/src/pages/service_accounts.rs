//! Service accounts: members that are no people, with tokens for automation.

pub mod disable;
pub mod edit;
pub mod enable;
mod fields;
pub mod list;
pub mod new;
pub mod new_token;
pub mod remove;
pub mod revoke_token;
pub mod show;
mod status;

use serde::Deserialize;

use crate::{
    access::OrgAccess,
    error::PageError,
    portal::{Chrome, Crumb, Section},
    shell,
    ui::Ui,
};

#[derive(Deserialize)]
pub struct DoneQuery {
    #[serde(default)]
    done: String,
}

/// The frame of a page below the members.
async fn chrome(ui: &Ui, access: &OrgAccess) -> Result<Chrome, PageError> {
    let mut chrome = shell::of_org(ui, access, Section::Members).await?;
    chrome.crumbs.push(Crumb::link("Members", format!("/orgs/{}/members", access.org.id)));
    Ok(chrome)
}

/// What was done, said on the page that follows.
fn told(done: &str) -> Option<&'static str> {
    match done {
        "created" => Some("Created. Make a token, with which your automation calls the API."),
        "saved" => Some("Saved."),
        "disabled" => Some("Disabled. Requests with its tokens are refused."),
        "enabled" => Some("Enabled. Its tokens work again."),
        "removed" => Some("Removed, with its tokens. What it made stays."),
        "revoked" => Some("The token was revoked. Requests with it are refused."),
        _ => None,
    }
}
