//! The sidebar and the breadcrumbs of a page, from what the page's extractor yielded.

use sallyport::{
    id::OrgId,
    member::{Permission, Role},
    org::Org,
    place::Place,
};

use crate::{
    access::{AppAccess, KeyAccess, KeyPlace, OrgAccess, ProjectAccess, SignedIn, TenantAccess},
    error::PageError,
    portal::{Archived, Chrome, Crumb, CurrentOrg, OrgEntry, Section, TenantEntry, Viewer},
    ui::Ui,
};

/// Around a page that is in no organization.
pub async fn of_person(ui: &Ui, me: &SignedIn) -> Result<Chrome, PageError> {
    let orgs = ui.context.store.orgs_of(&me.user.id).await?;
    Ok(of_orgs(ui, me, orgs.into_iter().map(|(org, role)| (org.id, org.name, role))))
}

fn of_orgs(ui: &Ui, me: &SignedIn, orgs: impl IntoIterator<Item = (OrgId, String, Role)>) -> Chrome {
    Chrome {
        viewer: Viewer { name: me.user.name.clone(), email: me.user.email.clone(), operator: me.user.operator },
        orgs: orgs
            .into_iter()
            .map(|(id, name, role)| OrgEntry { id: id.to_string(), name, role: role.title().to_owned() })
            .collect(),
        here: ui.here.clone(),
        ..Chrome::default()
    }
}

pub async fn of_org(ui: &Ui, access: &OrgAccess, section: impl Into<Option<Section>>) -> Result<Chrome, PageError> {
    let around = ui.context.store.navigation(&access.me.user.id, &access.org.id).await?;
    Ok(Chrome {
        org: Some(CurrentOrg {
            id: access.org.id.to_string(),
            name: access.org.name.clone(),
            role: access.role.title().to_owned(),
            plan: access.org.plan.title().to_owned(),
        }),
        tenants: around.tenants.into_iter().map(|(id, name)| TenantEntry { id: id.to_string(), name }).collect(),
        section: section.into(),
        archived: archived(Place::from(&access.org), access),
        crumbs: vec![org_crumb(&access.org)],
        ..of_orgs(ui, &access.me, around.orgs)
    })
}

pub async fn of_tenant(ui: &Ui, access: &TenantAccess) -> Result<Chrome, PageError> {
    let mut chrome = of_org(ui, &access.within, Section::Projects).await?;
    let (id, name) = (access.tenant.id.to_string(), access.tenant.name.clone());
    chrome.crumbs.push(Crumb::link(&name, format!("/tenants/{id}")));
    chrome.tenant = Some(TenantEntry { id, name });
    // The highest that is archived: restoring what is below it would change nothing.
    chrome.archived = chrome.archived.or_else(|| archived(Place::from(&access.tenant), &access.within));
    Ok(chrome)
}

pub async fn of_project(ui: &Ui, access: &ProjectAccess) -> Result<Chrome, PageError> {
    let mut chrome = of_tenant(ui, &access.within).await?;
    chrome.crumbs.push(Crumb::link(&access.project.name, format!("/projects/{}", access.project.id)));
    chrome.archived = chrome.archived.or_else(|| archived(Place::from(&access.project), &access.within.within));
    Ok(chrome)
}

pub async fn of_app(ui: &Ui, access: &AppAccess, section: Section) -> Result<Chrome, PageError> {
    let mut chrome = of_project(ui, &access.within).await?;
    chrome.section = Some(section);
    chrome.crumbs.push(Crumb::link(&access.app.name, format!("/apps/{}", access.app.id)));
    chrome.archived = chrome.archived.or_else(|| archived(Place::from(&access.app), access.org()));
    Ok(chrome)
}

/// Around a page of a key: in its app, or in the organization.
pub async fn of_key(ui: &Ui, access: &KeyAccess) -> Result<Chrome, PageError> {
    match &access.within {
        KeyPlace::App(app) => of_app(ui, app, Section::Keys).await,
        KeyPlace::Org(org) => {
            let mut chrome = of_org(ui, org, Section::Keys).await?;
            chrome.crumbs.push(Crumb::link("API keys", format!("/orgs/{}/keys", org.org.id)));
            Ok(chrome)
        }
    }
}

fn archived(place: Place, access: &OrgAccess) -> Option<Archived> {
    place.archived_at?;
    let restore = access.role.may(Permission::EndPlaces).then(|| format!("{}/settings/restore", place.path()));
    Some(Archived { noun: place.kind.noun(), name: place.name, restore })
}

fn org_crumb(org: &Org) -> Crumb {
    Crumb::link(&org.name, format!("/orgs/{}", org.id))
}

/// The last crumb is the page itself.
#[must_use]
pub fn here(mut chrome: Chrome, label: &str) -> Chrome {
    chrome.crumbs.push(Crumb::here(label));
    chrome
}

/// The thing whose page this is stands last, and leads nowhere.
#[must_use]
pub fn at_last(mut chrome: Chrome) -> Chrome {
    if let Some(last) = chrome.crumbs.last_mut() {
        last.href = None;
    }
    chrome
}
