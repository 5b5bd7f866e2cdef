use leptos::prelude::*;

use super::{
    chrome::{Chrome, OrgEntry, Section},
    switcher::{OrgSwitcher, TenantSwitcher},
};
use crate::icons::{Icon, IconView, Logo};

/// The switchers and the sections. On a phone it is a popover that the top bar's menu button opens.
#[component]
pub fn Sidebar(chrome: Chrome, brand: String) -> impl IntoView {
    let Chrome { orgs, org, tenants, tenant, section, .. } = chrome;
    let org_id = org.as_ref().map(|org| org.id.clone());
    // Within a tenant the projects are that tenant's.
    let projects = tenant.as_ref().map(|tenant| format!("/tenants/{}", tenant.id));
    let others = if org_id.is_none() { orgs.clone() } else { Vec::new() };

    view! {
        <aside id="sidebar" class="sidebar" popover aria-label="Organization">
            <a class="logo" href="/"><Logo/>{brand}</a>
            <OrgSwitcher orgs=orgs current=org/>
            {org_id.clone().map(|org_id| view! { <TenantSwitcher org_id=org_id tenants=tenants current=tenant/> })}
            {org_id.map(|org_id| view! { <Sections org_id=org_id current=section projects=projects/> })}
            {(!others.is_empty()).then(|| view! { <Orgs orgs=others/> })}
        </aside>
    }
}

#[component]
fn Sections(org_id: String, current: Option<Section>, projects: Option<String>) -> impl IntoView {
    let links = Section::ALL.iter().map(|&(section, label, path, icon)| {
        let here = (current == Some(section)).then_some("page");
        let href = projects.clone().filter(|_| section == Section::Projects);
        let href = href.unwrap_or_else(|| format!("/orgs/{org_id}{path}"));
        view! {
            <a class="nav-link" href=href aria-current=here>
                <IconView icon=icon/>{label}
            </a>
        }
    });
    view! { <nav class="nav" aria-label="Main">{links.collect_view()}</nav> }
}

/// On a page of no organization: the ways into the person's own.
#[component]
fn Orgs(orgs: Vec<OrgEntry>) -> impl IntoView {
    let links = orgs.into_iter().take(10).map(|org| {
        view! {
            <a class="nav-link" href=format!("/orgs/{}", org.id)><IconView icon=Icon::Building/>{org.name}</a>
        }
    });
    view! { <nav class="nav" aria-label="Organizations">{links.collect_view()}</nav> }
}
