//! The pages that a search can find, and the theme.

use sallyport::{
    member::{Held, Permission},
    org::Org,
    store::{Sight, Store},
    tenant::Tenant,
};

use super::results::Hit;
use crate::{
    access::{OrgAccess, SignedIn},
    error::PageError,
    icons::Icon,
    portal::{Section, Theme},
    shell::sections,
};

/// A page of the portal.
pub struct Place {
    title: String,
    /// Synonyms.
    also: &'static str,
    /// Whether it belongs to the organization in which the search was started, or to none.
    pub is_near: bool,
    hit: Hit,
}

impl Place {
    fn new(title: impl Into<String>, also: &'static str, within: &str, href: impl Into<String>, icon: Icon) -> Self {
        let title = title.into();
        Self { hit: Hit::link(title.clone(), within, href, icon), title, also, is_near: true }
    }

    fn theme(theme: Theme, title: &str, icon: Icon) -> Self {
        let hit = Hit::theme(title, theme, icon);
        Self { title: title.to_owned(), also: "appearance colour color mode", is_near: true, hit }
    }

    /// Whether the words begin one of its synonyms, or are in its title.
    pub fn matches_words(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        self.title.to_lowercase().contains(&words) || self.also.split(' ').any(|other| other.starts_with(&words))
    }

    pub fn hit(self) -> Hit {
        self.hit
    }
}

/// Every page, those of the current organization first.
pub async fn all(store: &Store, me: &SignedIn, near: Option<&OrgAccess>) -> Result<Vec<Place>, PageError> {
    let mut orgs = store.orgs_of(&me.user.id).await?;
    let closed = store.closed_to_session(&me.session).await?;
    orgs.retain(|(org, _)| closed.iter().all(|closed| closed.org_id != org.id));
    let at_hand = match (near, orgs.as_slice()) {
        (Some(access), _) => Some(access.org.id.clone()),
        // With one organization there is no ambiguity.
        (None, [(only, _)]) => Some(only.id.clone()),
        _ => None,
    };
    orgs.sort_by_key(|(org, _)| at_hand.as_ref() != Some(&org.id));
    let mut places = Vec::new();
    for (org, role) in &orgs {
        let near = at_hand.as_ref() == Some(&org.id);
        let named = Sight::of(&me.user.id, *role, Permission::CreateProjects);
        let tenants = if near { store.tenants_seen(&org.id, &named).await? } else { Vec::new() };
        places.extend(of_org(org, *role, &tenants).into_iter().map(|place| Place { is_near: near, ..place }));
    }
    places.push(Place::new("New organization", "create add", "", "/orgs/new", Icon::Plus));
    places.push(Place::new("Account", "password sessions profile", "", "/account", Icon::Users));
    places.push(Place::theme(Theme::Light, "Theme: light", Icon::Sun));
    places.push(Place::theme(Theme::Dark, "Theme: dark", Icon::Moon));
    places.push(Place::theme(Theme::System, "Theme: follow the system", Icon::System));
    Ok(places)
}

fn of_org(org: &Org, role: Held, tenants: &[Tenant]) -> Vec<Place> {
    let base = format!("/orgs/{}", org.id);
    // Everything that the sidebar lists.
    let shown = sections(role);
    let sections =
        Section::ALL.iter().filter(|(section, ..)| shown.contains(section)).map(|&(_, label, path, icon)| {
            let also = match label {
                "Projects" => "tenants apps overview home",
                "API keys" => "credentials secrets tokens",
                "Activity" => "audit log events export history",
                "Members" => "people team users roles invite",
                "Settings" => "rename plan archive delete",
                _ => "",
            };
            Place::new(label, also, &org.name, format!("{base}{path}"), icon)
        });
    let mut places: Vec<_> = sections.collect();
    if role.may_somewhere(Permission::SeeKeys) {
        let also = "waiting requests approve";
        places.push(Place::new("Approvals", also, &org.name, format!("{base}/approvals"), Icon::Check));
    }
    if role.may_somewhere(Permission::ManageKeys) {
        let href = format!("{base}/keys?panel=generate");
        places.push(Place::new("Generate API Key", "new create key", &org.name, href, Icon::Plus));
    }
    if role.may_somewhere(Permission::CreateProjects) {
        places.extend(tenants.iter().map(|tenant| {
            let within = format!("{} · {}", tenant.name, org.name);
            Place::new("New project", "create add", &within, format!("/tenants/{}/projects/new", tenant.id), Icon::Plus)
        }));
    }
    if role.may(Permission::CreateTenants) {
        places.push(Place::new("New tenant", "create add", &org.name, format!("{base}/tenants/new"), Icon::Plus));
    }
    places
}
