//! Acts on organizations; what all levels have in common is in [`super::places`].

use leptos::prelude::*;
use sallyport::{
    colour::Colour, id::OrgId, org::NewOrg, picture::Picture, place::PlaceKind, service_urls::ServiceUrls,
};

use super::{ActError, Caller};
use crate::{access::OrgAccess, edit_conflict::check_unchanged};

/// Creates an organization with its first tenant; the person becomes its owner.
#[server(prefix = "/act", endpoint = "orgs/create")]
pub async fn create_org(
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] plan: String,
    #[server(default)] tenant: String,
) -> Result<OrgId, ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let new = NewOrg::check(&name, &description, &plan, &tenant)?;
    Ok(caller.store().create_org(&me.act(), new).await?.id)
}

/// Chooses the colour of an organization: one of the palette, or `automatic`.
#[server(prefix = "/act", endpoint = "orgs/choose-colour")]
pub async fn choose_colour(org: OrgId, #[server(default)] colour: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs(PlaceKind::Org.to_edit())?;
    let colour = match (colour.as_str(), Colour::parse(&colour)) {
        ("automatic", _) => None,
        (_, Some(colour)) => Some(colour),
        _ => return Err(ActError::field("colour", "Choose one of the colours.")),
    };
    Ok(caller.store().choose_colour(&access.me.act(), &access.org, colour).await?)
}

/// Sets the logo of an organization: the content of a PNG, JPEG or WebP file.
#[server(prefix = "/act", endpoint = "orgs/choose-logo")]
pub async fn choose_logo(org: OrgId, logo: Vec<u8>) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs(PlaceKind::Org.to_edit())?;
    if logo.is_empty() {
        return Err(ActError::field("logo", "Choose a file."));
    }
    let logo = Picture::check(logo, Picture::OF_PEOPLE).map_err(|message| ActError::field("logo", message))?;
    Ok(caller.store().choose_logo(&access.me.act(), &access.org, Some(logo)).await?)
}

/// Removes the logo of an organization.
#[server(prefix = "/act", endpoint = "orgs/remove-logo")]
pub async fn remove_logo(org: OrgId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs(PlaceKind::Org.to_edit())?;
    Ok(caller.store().choose_logo(&access.me.act(), &access.org, None).await?)
}

/// Sets the URLs of an organization's own services: a name and a URL on each line. `seen` identifies what the form showed.
#[server(prefix = "/act", endpoint = "orgs/set-service-urls")]
pub async fn set_service_urls(
    org: OrgId,
    #[server(default)] service_urls: String,
    #[server(default)] seen: String,
) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs(PlaceKind::Org.to_edit())?;
    let current = caller.store().service_urls(&org).await?.lines();
    check_unchanged(&seen, &[("service_urls", &service_urls, &current)])?;
    let urls = ServiceUrls::check(&service_urls)?;
    Ok(caller.store().set_service_urls(&access.me.act(), &access.org, urls).await?)
}
