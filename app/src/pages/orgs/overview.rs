//! `/orgs/{org_id}`: a summary of its keys, its tenants and their projects, and the latest events.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{member::Permission, project::Project, store::EventFilter, tenant::Tenant};

use super::get_started::GetStarted;
use crate::{
    access::OrgAccess,
    components::{Badge, Card, DataTable, Empty, IdChip, PageHead, Tone},
    context::Context,
    error::PageResult,
    icons::Icon,
    pages::{
        activity::list::EventList,
        attention::{Attention, KeyCards, KeyFigures},
    },
    portal::{Page, Section},
    shell,
    ui::Ui,
    words::{Ago, count},
};

/// Events that the page shows.
const SHOWN: usize = 5;

pub async fn get(ui: Ui, State(context): State<Context>, access: OrgAccess) -> PageResult {
    let chrome = shell::at_last(shell::of_org(&ui, &access, Section::Projects).await?);
    let tenants = context.store.tenants(&access.org.id).await?;
    let projects = context.store.projects(&access.org.id).await?;
    let store = &context.store;
    let attention = Attention::of(store, format!("/orgs/{}/keys", access.org.id), &access.org.id, None).await?;
    let mut events = store.events(&access.org.id, None, &EventFilter::default()).await?.events;
    events.truncate(SHOWN);
    let first = store.first_steps(&access.org.id).await?;
    let (now, role, profile, public_url) =
        (store.now(), access.role, store.profile().clone(), context.public_url.clone());
    let may_manage = access.role.may(Permission::ManageOrg);
    let org = access.org;
    let page = Page::framed(org.name.clone(), chrome, move || {
        let (id, org_id, plan) = (org.id.to_string(), org.id.clone(), org.plan.title());
        let all_events = format!("/orgs/{id}/activity");
        let new_tenant = format!("/orgs/{id}/tenants/new");
        let has_tenants = !tenants.is_empty();
        // With one tenant the first project belongs there.
        let new_project = match tenants.as_slice() {
            [only] => Some(format!("/tenants/{}/projects/new", only.id)),
            _ => None,
        };
        let sections: Vec<_> = tenants
            .into_iter()
            .map(|tenant| {
                let own: Vec<_> =
                    projects.iter().filter(|(project, _)| project.tenant_id == tenant.id).cloned().collect();
                view! { <TenantSection tenant projects=own now/> }
            })
            .collect();
        let action = new_tenant.clone();
        view! {
            <PageHead
                title=org.name.clone()
                sub=move || view! {
                    <span><IdChip id=id name="Copy organization id"/></span>
                    <span><Badge tone=Tone::Accent text=plan/></span>
                    {(!org.description.is_empty()).then_some(view! { <span>{org.description}</span> })}
                }
                actions=move || view! {
                    {(has_tenants && may_manage).then(|| view! { <a class="btn" href=action>"New tenant"</a> })}
                    {new_project.map(|href| view! { <a class="btn btn-primary" href=href>"New project"</a> })}
                }
            />
            {(!first.used).then(|| view! { <GetStarted first org=org_id role profile public_url/> })}
            {(!attention.is_empty()).then(|| view! { <KeyFigures attention=attention.clone()/> })}
            <div class="split">
                <div>
                    {if has_tenants {
                        sections.into_any()
                    } else {
                        view! {
                            <Empty
                                icon=Icon::Folder title="No tenant yet"
                                text="Tenants keep things apart, such as Development and Production. They hold projects."
                                action=move || may_manage.then(|| view! { <a class="btn btn-primary" href=new_tenant>"New tenant"</a> })
                            />
                        }.into_any()
                    }}
                    <Card title="Last events" actions=move || view! { <a href=all_events>"All activity"</a> }>
                        <EventList events now/>
                    </Card>
                </div>
                {(!attention.is_empty()).then(|| {
                    view! { <div class="columns"><KeyCards all=Some(attention.path) highlights=attention.highlights now of_several=true/></div> }
                })}
            </div>
        }
    });
    Ok(ui.ok(page).await)
}

#[component]
fn TenantSection(tenant: Tenant, projects: Vec<(Project, i64)>, now: sallyport::Timestamp) -> impl IntoView {
    let href = format!("/tenants/{}", tenant.id);
    let empty = projects.is_empty();
    let label = format!("Projects in {}", tenant.name);
    view! {
        <section class="section">
            <h2 class="section-title"><a href=href.clone()>{tenant.name.clone()}</a>{archived(tenant.archived_at)}</h2>
            {if empty {
                view! {
                    <p class="muted">"No project here yet. "<a href=href>"Open "{tenant.name}</a>" to make the first one."</p>
                }.into_any()
            } else {
                view! { <ProjectTable label projects now/> }.into_any()
            }}
        </section>
    }
}

/// Projects, each with a link to its apps.
#[component]
pub fn ProjectTable(label: String, projects: Vec<(Project, i64)>, now: sallyport::Timestamp) -> impl IntoView {
    let rows = projects.into_iter().map(move |(project, apps)| {
        let href = format!("/projects/{}", project.id);
        view! {
            <tr>
                <td class="cell-main"><a href=href>{project.name}</a>{archived(project.archived_at)}</td>
                <td data-label="ID" class="cell-mono"><IdChip id=project.id.to_string() name="Copy project id"/></td>
                <td data-label="Apps">{count(apps, "app")}</td>
                <td data-label="Created" class="cell-muted"><Ago at=project.created_at now/></td>
            </tr>
        }
    });
    view! { <DataTable label columns=&["Name", "ID", "Apps", "Created"]>{rows.collect_view()}</DataTable> }
}

/// Marks a row as archived.
pub fn archived(at: Option<sallyport::Timestamp>) -> impl IntoView {
    at.map(|_| view! { " "<Badge tone=Tone::Warning text="Archived"/> })
}
