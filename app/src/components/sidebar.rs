use leptos::prelude::*;

use super::{
    brand::{Brand, BrandLink},
    chrome::{AdminSection, Chrome, OrgEntry, Section},
    switcher::{OrgSwitcher, TenantSwitcher},
};
use crate::icons::{Icon, IconView};

/// The switchers and the sections. On a phone it is a popover opened by the top bar's menu button.
#[component]
pub fn Sidebar(chrome: Chrome, brand: Brand) -> impl IntoView {
    let Chrome { orgs, org, tenants, tenant, section, admin, .. } = chrome;
    let org_id = org.as_ref().map(|org| org.id.clone());
    let shown = org.as_ref().map(|org| org.sections.clone()).unwrap_or_default();
    let within = tenant.as_ref().map(|tenant| tenant.id.clone());
    let others = if org_id.is_none() && admin.is_none() { orgs.clone() } else { Vec::new() };

    view! {
        <aside id="sidebar" class="sidebar" popover aria-label="Organization">
            <BrandLink brand/>
            <OrgSwitcher orgs=orgs current=org console=admin.is_some()/>
            {org_id.clone().map(|org_id| view! { <TenantSwitcher org_id=org_id tenants=tenants current=tenant/> })}
            {org_id.map(|org_id| view! { <Sections org_id=org_id current=section within shown/> })}
            {admin.map(|current| view! { <Admin current/> })}
            {(!others.is_empty()).then(|| view! { <Orgs orgs=others/> })}
            <div class="side-foot">
                <a href="/docs">"Docs"</a>
                <button type="button" popovertarget="shortcuts">"Shortcuts"</button>
                <small>{concat!("Sallyport ", env!("CARGO_PKG_VERSION"))}</small>
            </div>
        </aside>
    }
}

#[component]
fn Sections(
    org_id: String,
    current: Option<Section>,
    /// The tenant of the page, to which the links to projects and keys are narrowed.
    within: Option<String>,
    /// The sections to show.
    shown: Vec<Section>,
) -> impl IntoView {
    let links =
        Section::ALL.iter().filter(|(section, ..)| shown.contains(section)).map(|&(section, label, path, icon)| {
            let here = (current == Some(section)).then_some("page");
            let href = match (section, &within) {
                (Section::Projects, Some(tenant)) => format!("/tenants/{tenant}"),
                (Section::Keys, Some(tenant)) => format!("/orgs/{org_id}/keys?tenant={tenant}"),
                _ => format!("/orgs/{org_id}{path}"),
            };
            view! {
                <a class="nav-link" href=href aria-current=here>
                    <IconView icon=icon/>{label}
                </a>
            }
        });
    view! { <nav class="nav" aria-label="Main">{links.collect_view()}</nav> }
}

/// The parts of the operator's console.
#[component]
fn Admin(current: AdminSection) -> impl IntoView {
    let links = AdminSection::ALL.iter().map(|&(section, label, path, icon)| {
        let here = (current == section).then_some("page");
        view! { <a class="nav-link" href=path aria-current=here><IconView icon=icon/>{label}</a> }
    });
    view! { <nav class="nav" aria-label="Admin">{links.collect_view()}</nav> }
}

/// On a page outside of any organization: links to the person's own.
#[component]
fn Orgs(orgs: Vec<OrgEntry>) -> impl IntoView {
    let links = orgs.into_iter().take(10).map(|org| {
        view! {
            <a class="nav-link" href=format!("/orgs/{}", org.id) title=org.name.clone()>
                <IconView icon=Icon::Building/><span class="cut">{org.name.clone()}</span>
            </a>
        }
    });
    view! { <nav class="nav" aria-label="Organizations">{links.collect_view()}</nav> }
}
