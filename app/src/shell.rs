//! The sidebar and the breadcrumbs of a page, from its extractor.

use sallyport::{
    member::{Held, Permission, Role, Roles},
    org::Org,
    place::Place,
    store::KnownOrg,
};

use crate::{
    access::{AppAccess, KeyAccess, KeyPlace, OrgAccess, ProjectAccess, SignedIn, TenantAccess},
    error::PageError,
    portal::{AdminSection, Archived, Chrome, Crumb, CurrentOrg, OrgEntry, Section, TenantEntry, Viewer},
    ui::Ui,
};

/// For a page outside of any organization: the frame of the last visited one.
pub async fn of_person(ui: &Ui, me: &SignedIn) -> Result<Chrome, PageError> {
    let orgs = ui.context.store.orgs_of(&me.user.id).await?;
    let rank = |(org, _): &&(Org, Held)| ui.recent.rank(org.id.as_str());
    // The frame names tenants: not those of an organization that demands more of the session.
    let closed = ui.context.store.closed_to_session(&me.session).await?;
    let open = orgs.iter().filter(|(org, _)| closed.iter().all(|closed| closed.org_id != org.id));
    let last = open.min_by_key(rank).filter(|last| orgs.len() == 1 || rank(last) != usize::MAX);
    if let Some((org, role)) = last.cloned() {
        let access = OrgAccess { me: me.clone(), org, role };
        return Ok(Chrome { crumbs: Vec::new(), archived: None, suspended: None, ..of_org(ui, &access, None).await? });
    }
    Ok(of_orgs(ui, me, orgs.into_iter().map(KnownOrg::from)))
}

/// The sections of an organization that have something for a person with these roles.
pub fn sections(role: Held) -> Vec<Section> {
    let shown = |section: &Section| match section {
        Section::Projects => true,
        Section::Keys | Section::Hygiene | Section::Expiring | Section::Activity => {
            role.may_somewhere(Permission::SeeKeys)
        }
        Section::Usage => role.at_org.may(Permission::SeeKeys),
        Section::Members => role.at_org.may(Permission::SeePlace),
        Section::Webhooks => role.at_org.may(Permission::ManageWebhooks),
        Section::Settings => role.at_org.may(Permission::ManagePlace),
    };
    Section::ALL.iter().map(|(section, ..)| *section).filter(shown).collect()
}

/// The name shown for the roles of a person in an organization.
fn title(roles: Roles) -> String {
    roles.first().map_or("", Role::title).to_owned()
}

fn of_orgs(ui: &Ui, me: &SignedIn, orgs: impl IntoIterator<Item = KnownOrg>) -> Chrome {
    let mut orgs: Vec<_> = orgs.into_iter().collect();
    // The others stay sorted by name.
    orgs.sort_by_key(|org| ui.recent.rank(org.id.as_str()));
    Chrome {
        viewer: Viewer { name: me.user.name.clone(), email: me.user.email.clone(), operator: me.user.operator },
        orgs: orgs
            .into_iter()
            .map(|org| OrgEntry {
                id: org.id.to_string(),
                name: org.name,
                colour: org.colour,
                logo: org.logo,
                role: title(org.roles),
            })
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
            colour: access.org.colour,
            logo: access.org.logo.clone(),
            role: title(access.role.anywhere),
            plan: access.org.plan.title().to_owned(),
            sections: sections(access.role),
        }),
        tenants: around.tenants.into_iter().map(|(id, name)| TenantEntry { id: id.to_string(), name }).collect(),
        section: section.into(),
        archived: archived(Place::from(&access.org), access.role.at_org),
        suspended: access.org.suspended.as_ref().map(|suspended| suspended.reason.clone()),
        crumbs: vec![org_crumb(&access.org)],
        ..of_orgs(ui, &access.me, around.orgs)
    })
}

/// For a page of the operator's console.
pub async fn of_admin(ui: &Ui, me: &SignedIn, section: AdminSection) -> Result<Chrome, PageError> {
    let orgs = ui.context.store.orgs_of(&me.user.id).await?;
    let label = AdminSection::ALL.iter().find(|(one, ..)| *one == section);
    let label = label.map(|(_, label, path, _)| Crumb::link(*label, *path));
    Ok(Chrome {
        admin: Some(section),
        crumbs: [Crumb::link("Admin", "/admin")].into_iter().chain(label).collect(),
        ..of_orgs(ui, me, orgs.into_iter().map(KnownOrg::from))
    })
}

pub async fn of_tenant(ui: &Ui, access: &TenantAccess) -> Result<Chrome, PageError> {
    let chrome = of_org(ui, &access.within, Section::Projects).await?;
    let tenant = TenantEntry { id: access.tenant.id.to_string(), name: access.tenant.name.clone() };
    let mut chrome = in_tenant(chrome, tenant);
    // The highest archived level: restoring one below it would change nothing.
    chrome.archived = chrome.archived.or_else(|| archived(Place::from(&access.tenant), access.within.role.here));
    Ok(chrome)
}

/// For a page of an organization that is narrowed to one of its tenants.
pub fn in_tenant(mut chrome: Chrome, tenant: TenantEntry) -> Chrome {
    chrome.crumbs.push(Crumb::link(&tenant.name, format!("/tenants/{}", tenant.id)));
    chrome.tenant = Some(tenant);
    chrome
}

pub async fn of_project(ui: &Ui, access: &ProjectAccess) -> Result<Chrome, PageError> {
    let mut chrome = of_tenant(ui, &access.within).await?;
    chrome.crumbs.push(Crumb::link(&access.project.name, format!("/projects/{}", access.project.id)));
    chrome.archived =
        chrome.archived.or_else(|| archived(Place::from(&access.project), access.within.within.role.here));
    Ok(chrome)
}

pub async fn of_app(ui: &Ui, access: &AppAccess) -> Result<Chrome, PageError> {
    let mut chrome = of_project(ui, &access.within).await?;
    chrome.crumbs.push(Crumb::link(&access.app.name, format!("/apps/{}", access.app.id)));
    chrome.archived = chrome.archived.or_else(|| archived(Place::from(&access.app), access.org().role.here));
    Ok(chrome)
}

/// For a page of a key: in its app, or in the organization.
pub async fn of_key(ui: &Ui, access: &KeyAccess) -> Result<Chrome, PageError> {
    match &access.within {
        KeyPlace::App(app) => {
            let mut chrome = of_app(ui, app).await?;
            chrome.section = Some(Section::Keys);
            Ok(chrome)
        }
        KeyPlace::Org(org) => {
            let mut chrome = of_org(ui, org, Section::Keys).await?;
            chrome.crumbs.push(Crumb::link("API keys", format!("/orgs/{}/keys", org.org.id)));
            Ok(chrome)
        }
    }
}

/// `roles` are those at the place of the page; the act judges those at the archived one.
fn archived(place: Place, roles: Roles) -> Option<Archived> {
    place.archived_at?;
    let restore = roles.may(place.kind.to_archive()).then(|| format!("{}/settings/restore", place.path()));
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

/// The page's own resource is last, without a link.
#[must_use]
pub fn at_last(mut chrome: Chrome) -> Chrome {
    if let Some(last) = chrome.crumbs.last_mut() {
        last.href = None;
    }
    chrome
}
