//! `/tenants/{tenant_id}`: its projects, and what the keys of their apps amount to.

use std::sync::Arc;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    member::Permission,
    place::PlaceKind,
    profile::{HolderKind, Profile},
    project::Project,
    store::{KeyFilter, KeyTotals},
};

use crate::{
    access::TenantAccess,
    components::{DataTable, Empty, IdChip, Menu, PageHead, archived},
    context::Context,
    error::PageResult,
    icons::Icon,
    pages::{
        attention::Highlights,
        place_overview::PlaceOverview,
        totals::{TotalsCells, heads, sum},
        usage::card::{RequestsCard, last_day_of_tenant},
    },
    portal::Page,
    shell,
    ui::Ui,
    words::{Ago, count},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: TenantAccess) -> PageResult {
    let chrome = shell::at_last(shell::of_tenant(&ui, &access).await?);
    let projects = context.store.projects_of(&access.tenant.id, &access.within.named(), &access.within.seen()).await?;
    let place =
        KeyFilter { tenant: Some(access.tenant.id.clone()), sight: access.within.seen(), ..KeyFilter::default() };
    let highlights = Highlights::of(&context.store, &access.within.org.id, None, &place).await?;
    let (now, profile) = (context.store.now(), context.store.profile().clone());
    let role = access.within.role;
    let requests = match role.may(Permission::SeeKeys) {
        true => Some(last_day_of_tenant(&context.store, &access.tenant.id, now).await?),
        false => None,
    };
    let (may_manage, may_make) = (role.may(PlaceKind::Tenant.to_edit()), role.may(Permission::CreateProjects));
    let sees_usage = role.at_org.may(Permission::SeeKeys);
    let sees_members = role.may(Permission::SeePlace);
    let (org, tenant) = (access.within.org, access.tenant);
    let out_of_use = org.archived_at.or(tenant.archived_at).is_some();
    let page = Page::framed(tenant.name.clone(), chrome, move || {
        let id = tenant.id.to_string();
        let new = (may_make && !out_of_use).then(|| format!("/tenants/{id}/projects/new"));
        let (settings, description) = (format!("/tenants/{id}/settings"), tenant.description.clone());
        let members = format!("/tenants/{id}/members");
        let empty = projects.is_empty();
        let action = new.clone().filter(|_| !empty);
        let keys = format!("/orgs/{}/keys?tenant={id}", org.id);
        let above = sees_usage.then(|| format!("/orgs/{}", org.id));
        let body = if empty {
            view! {
                <Empty
                    icon=Icon::Folder title="No project yet"
                    text="A project holds apps that belong together: the phone app, its website, its backend."
                    action=move || new.map(|href| view! { <a class="btn btn-primary" href=href>"New project"</a> })
                />
            }
            .into_any()
        } else {
            let totals = sum(projects.iter().map(|(.., keys)| keys));
            let of = profile.clone();
            view! {
                <PlaceOverview
                    totals title="Projects" keys=Some(keys) highlights profile now
                    requests=move || view! { <RequestsCard report=requests path=above link="Organization usage"/> }
                    list=move || view! { <Projects projects profile=of out_of_use now/> }
                />
            }
            .into_any()
        };
        view! {
            <PageHead
                title=tenant.name.clone()
                sub=move || view! {
                    <span>"Tenant"</span><span><IdChip id name="Copy tenant id"/></span>
                    <span>"Created "<Ago at=tenant.created_at now/></span>
                    {(!description.is_empty()).then(|| view! { <span>{description}</span> })}
                }
                actions=move || view! {
                    {sees_members.then(|| view! { <a class="btn" href=members>"Members"</a> })}
                    {action.map(|href| view! { <a class="btn btn-primary" href=href>"New project"</a> })}
                    {may_manage.then(|| view! {
                        <Menu id="more" name="More actions"><a class="menu-item" href=settings>"Settings"</a></Menu>
                    })}
                }
            />
            {body}
        }
    });
    Ok(ui.ok(page))
}

/// Its projects, each leading to its apps.
#[component]
fn Projects(
    projects: Vec<(Project, i64, KeyTotals)>,
    profile: Arc<Profile>,
    /// Whether the tenant is, and all in it.
    out_of_use: bool,
    now: Timestamp,
) -> impl IntoView {
    let of_apps = profile.keys.owner == HolderKind::App;
    let columns = heads(&profile);
    let rows = projects.into_iter().map(move |(project, apps, totals)| {
        let (id, href) = (project.id.to_string(), format!("/projects/{}", project.id));
        let out_of_use = out_of_use || project.archived_at.is_some();
        let mark = (!of_apps).then(|| archived(project.archived_at));
        let profile = profile.clone();
        let menu = format!("menu-{id}");
        view! {
            <tr class:row-off=out_of_use>
                <td class="cell-main">
                    <a href=href.clone()>{project.name.clone()}</a>{mark}
                    <span class="cell-sub">{count(apps, "app")}</span>
                </td>
                <TotalsCells totals archived=out_of_use created=project.created_at profile now/>
                <td class="cell-act">
                    <Menu id=menu name=format!("Actions for {}", project.name) small=true>
                        <IdChip id name="Copy project id"/>
                        {(!out_of_use).then(|| view! { <a class="menu-item" href=format!("{href}/apps/new")>"New app"</a> })}
                        <a class="menu-item" href=format!("{href}/settings")>"Settings"</a>
                    </Menu>
                </td>
            </tr>
        }
    });
    view! { <DataTable label="Projects" columns=columns>{rows.collect_view()}</DataTable> }
}
