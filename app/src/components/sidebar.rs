use leptos::prelude::*;

use super::{
    chrome::{Chrome, Section},
    switcher::{OrgSwitcher, TenantSwitcher},
};
use crate::icons::{IconView, Logo};

/// The switchers and the sections. On a phone it is a popover that the top bar's menu button opens.
#[component]
pub fn Sidebar(chrome: Chrome) -> impl IntoView {
    let Chrome { orgs, org, tenants, tenant, section, .. } = chrome;
    let org_id = org.as_ref().map(|org| org.id.clone());

    view! {
        <aside id="sidebar" class="sidebar" popover aria-label="Organization">
            <a class="logo" href="/"><Logo/>"Sallyport"</a>
            <OrgSwitcher orgs=orgs current=org/>
            {org_id.clone().map(|org_id| view! { <TenantSwitcher org_id=org_id tenants=tenants current=tenant/> })}
            {org_id.map(|org_id| view! { <Sections org_id=org_id current=section/> })}
        </aside>
    }
}

#[component]
fn Sections(org_id: String, current: Option<Section>) -> impl IntoView {
    let links = Section::ALL.iter().map(|&(section, label, path, icon)| {
        let here = (current == Some(section)).then_some("page");
        view! {
            <a class="nav-link" href=format!("/orgs/{org_id}{path}") aria-current=here>
                <IconView icon=icon/>{label}
            </a>
        }
    });
    view! { <nav class="nav" aria-label="Main">{links.collect_view()}</nav> }
}
