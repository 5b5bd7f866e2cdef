use leptos::prelude::*;

use super::{
    avatar::OrgAvatar,
    chrome::{CurrentOrg, OrgEntry, TenantEntry},
};
use crate::icons::{Icon, IconView};

/// The number of entries that needs no filter.
const FEW: usize = 7;

/// The organization, and a menu of the others. The button covers the words, because its name is what it does.
#[component]
pub fn OrgSwitcher(
    orgs: Vec<OrgEntry>,
    current: Option<CurrentOrg>,
    /// On a page of the operator's console, which is about all organizations.
    console: bool,
) -> impl IntoView {
    let current_id = current.as_ref().map(|org| org.id.clone());
    let (colour, logo) = current.as_ref().map_or((None, None), |org| (org.colour, org.logo.clone()));
    let (name, about) = match current {
        Some(org) => {
            let about = [org.role, org.plan].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
            (org.name, about.join(" · "))
        }
        None if console => ("Admin".to_owned(), "All organizations".to_owned()),
        None => match orgs.len() {
            0 => ("No organization".to_owned(), "Create the first one".to_owned()),
            1 => ("No organization".to_owned(), "1 to choose from".to_owned()),
            n => ("No organization".to_owned(), format!("{n} to choose from")),
        },
    };
    let (many, now) = (orgs.len() > FEW, current_id.clone().unwrap_or_default());
    let entries = orgs.into_iter().map(|org| {
        let here = (current_id.as_ref() == Some(&org.id)).then_some("true");
        view! {
            <a class="menu-item" href=format!("/orgs/{}", org.id) aria-current=here>
                <OrgAvatar id=org.id.clone() name=org.name.clone() colour=org.colour logo=org.logo.clone()/>
                <span class="menu-text" title=org.name.clone()>{org.name.clone()}" "<small>{org.role}</small></span>
            </a>
        }
    });

    view! {
        <div class="switcher">
            <button
                type="button"
                popovertarget="org-menu"
                aria-label="Switch organization"
                aria-describedby="org-now"
            ></button>
            <OrgAvatar id=now name=name.clone() colour logo/>
            <span id="org-now" class="switcher-text"><b title=name.clone()>{name.clone()}</b>" "<small>{about}</small></span>
            <IconView icon=Icon::Chevrons/>
        </div>
        <div id="org-menu" class="menu org-menu" popover>
            {many.then(|| view! {
                <input
                    type="search" class="input" data-filter="org-list" aria-label="Filter organizations"
                    placeholder="Filter" autocomplete="off" spellcheck="false"
                />
            })}
            <div id="org-list" class="menu-list">{entries.collect_view()}</div>
            <a class="menu-item menu-new" href="/orgs/new"><IconView icon=Icon::Plus/>"New organization"</a>
        </div>
    }
}

/// The tenant, and a menu of the others.
#[component]
pub fn TenantSwitcher(org_id: String, tenants: Vec<TenantEntry>, current: Option<TenantEntry>) -> impl IntoView {
    let current_id = current.as_ref().map(|tenant| tenant.id.clone());
    let all = (!tenants.is_empty()).then(|| {
        let here = current.is_none().then_some("true");
        view! {
            <a class="menu-item" href=format!("/orgs/{org_id}") aria-current=here>
                <span class="menu-text">"All tenants"</span>
            </a>
        }
    });
    let name = match current {
        Some(tenant) => tenant.name,
        None if tenants.is_empty() => "None yet".to_owned(),
        None => "All tenants".to_owned(),
    };
    let entries = tenants.into_iter().map(|tenant| {
        let here = (current_id.as_ref() == Some(&tenant.id)).then_some("true");
        view! {
            <a class="menu-item" href=format!("/tenants/{}", tenant.id) aria-current=here>
                <span class="menu-text" title=tenant.name.clone()>{tenant.name.clone()}</span>
            </a>
        }
    });

    view! {
        <div class="switcher">
            <button
                type="button"
                popovertarget="tenant-menu"
                aria-label="Switch tenant"
                aria-describedby="tenant-now"
            ></button>
            <span id="tenant-now" class="switcher-text"><small>"Tenant"</small>" "<b title=name.clone()>{name.clone()}</b></span>
            <IconView icon=Icon::Chevrons/>
        </div>
        <div id="tenant-menu" class="menu tenant-menu" popover>
            <div class="menu-list">{all}{entries.collect_view()}</div>
            <a class="menu-item menu-new" href=format!("/orgs/{org_id}/tenants/new")>
                <IconView icon=Icon::Plus/>"New tenant"
            </a>
        </div>
    }
}
