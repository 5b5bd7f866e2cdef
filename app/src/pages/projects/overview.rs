//! `/projects/{project_id}`: its apps, and what their keys amount to.

use std::sync::Arc;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    app::App,
    member::Permission,
    profile::{HolderKind, Profile},
    store::{KeyFilter, KeyTotals},
};

use crate::{
    access::ProjectAccess,
    components::{DataTable, Empty, IdChip, Menu, PageHead, archived},
    context::Context,
    error::PageResult,
    icons::Icon,
    pages::{
        attention::Highlights,
        place_overview::PlaceOverview,
        totals::{TotalsCells, heads, sum},
        usage::card::{RequestsCard, last_day},
    },
    portal::Page,
    shell,
    ui::Ui,
    words::Ago,
};

/// What the person may do in the project, where nothing above it is archived.
#[derive(Clone, Copy)]
struct May {
    /// Make apps.
    make: bool,
    /// Generate keys, where these belong to apps.
    generate: bool,
}

pub async fn get(ui: Ui, State(context): State<Context>, access: ProjectAccess) -> PageResult {
    let chrome = shell::at_last(shell::of_project(&ui, &access).await?);
    let apps = context.store.apps(&access.project.id, &access.within.within.seen()).await?;
    let sight = access.within.within.seen();
    let place = KeyFilter { project: Some(access.project.id.clone()), sight, ..KeyFilter::default() };
    let highlights = Highlights::of(&context.store, &access.project.org_id, None, &place).await?;
    let (now, profile) = (context.store.now(), context.store.profile().clone());
    let requests = match access.within.within.role.may(Permission::SeeKeys) {
        true => Some(last_day(&context.store, access.project.id.as_str(), &access.project.org_id, now).await?),
        false => None,
    };
    let role = access.within.within.role;
    let sees_usage = role.may(Permission::SeeKeys);
    let (org, tenant, project) = (access.within.within.org, access.within.tenant, access.project);
    let out_of_use = org.archived_at.or(tenant.archived_at).or(project.archived_at).is_some();
    let of_apps = profile.keys.owner == HolderKind::App;
    let may = May {
        make: role.may(Permission::ManageApps) && !out_of_use,
        generate: role.may(Permission::ManageKeys) && !out_of_use && of_apps,
    };
    let page = Page::framed(project.name.clone(), chrome, move || {
        let id = project.id.to_string();
        let new = may.make.then(|| format!("/projects/{id}/apps/new"));
        let (settings, description) = (format!("/projects/{id}/settings"), project.description.clone());
        let members = format!("/projects/{id}/members");
        let (path, usage) = (format!("/projects/{id}"), sees_usage.then(|| format!("/projects/{id}/usage")));
        let empty = apps.is_empty();
        let action = new.clone().filter(|_| !empty);
        let body = if empty {
            view! {
                <Empty
                    icon=Icon::App title="No app yet"
                    text="API keys belong to an app: one phone app, one website, one backend."
                    action=move || new.map(|href| view! { <a class="btn btn-primary" href=href>"New app"</a> })
                />
            }
            .into_any()
        } else {
            let totals = sum(apps.iter().map(|(_, keys)| keys));
            let of = profile.clone();
            // Of one app they have a list; else those of the tenant hold them.
            let all = match apps.as_slice() {
                [(only, _)] => format!("/apps/{}/keys", only.id),
                _ => format!("/orgs/{}/keys?tenant={}", org.id, tenant.id),
            };
            view! {
                <PlaceOverview
                    totals title="Apps" keys=None all=of_apps.then_some(all) highlights profile now
                    requests=move || view! { <RequestsCard report=requests path/> }
                    list=move || view! { <Apps apps profile=of may out_of_use now/> }
                />
            }
            .into_any()
        };
        view! {
            <PageHead
                title=project.name.clone()
                sub=move || view! {
                    <span>"Project"</span><span><IdChip id name="Copy project id"/></span>
                    <span>"Created "<Ago at=project.created_at now/></span>
                    {(!description.is_empty()).then(|| view! { <span>{description}</span> })}
                }
                actions=move || view! {
                    <a class="btn" href=members>"Members"</a>
                    {action.map(|href| view! { <a class="btn btn-primary" href=href>"New app"</a> })}
                    <Menu id="more" name="More actions">
                        {usage.map(|href| view! { <a class="menu-item" href=href>"Usage"</a> })}
                        <a class="menu-item" href=settings>"Settings"</a>
                    </Menu>
                }
            />
            {body}
        }
    });
    Ok(ui.ok(page))
}

/// Its apps.
#[component]
fn Apps(
    apps: Vec<(App, KeyTotals)>,
    profile: Arc<Profile>,
    may: May,
    /// Whether the project is, and all in it.
    out_of_use: bool,
    now: Timestamp,
) -> impl IntoView {
    let of_apps = profile.keys.owner == HolderKind::App;
    let columns = heads(&profile);
    let rows = apps.into_iter().map(move |(app, totals)| {
        let (id, href) = (app.id.to_string(), format!("/apps/{}", app.id));
        let out_of_use = out_of_use || app.archived_at.is_some();
        let mark = (!of_apps).then(|| archived(app.archived_at));
        let generate = may.generate && !out_of_use;
        let profile = profile.clone();
        let menu = format!("menu-{id}");
        view! {
            <tr class:row-off=out_of_use>
                <td class="cell-main">
                    <a href=href.clone()>{app.name.clone()}</a>{mark}
                    <span class="cell-sub">{app.os.title()}</span>
                </td>
                <TotalsCells totals archived=out_of_use created=app.created_at profile now/>
                <td class="cell-act">
                    <Menu id=menu name=format!("Actions for {}", app.name) small=true>
                        <IdChip id name="Copy app id"/>
                        {generate.then(|| view! {
                            <a class="menu-item" href=format!("{href}/keys?panel=generate")>"Generate API Key"</a>
                        })}
                        {of_apps.then(|| view! { <a class="menu-item" href=format!("{href}/keys")>"API keys"</a> })}
                        <a class="menu-item" href=format!("{href}/activity")>"Activity"</a>
                        <a class="menu-item" href=format!("{href}/settings")>"Settings"</a>
                    </Menu>
                </td>
            </tr>
        }
    });
    view! { <DataTable label="Apps" columns=columns>{rows.collect_view()}</DataTable> }
}
