//! The projects of an organization in one table, by tenant.

use std::collections::HashMap;

use leptos::prelude::*;
use sallyport::{Timestamp, project::Project, tenant::Tenant};

use crate::{
    components::{DataTable, IdChip, Menu, archived},
    pages::attention::counted,
    words::{Ago, count},
};

/// A tenant, and its projects with how many apps each has.
pub(super) struct OfTenant {
    pub tenant: Tenant,
    pub projects: Vec<(Project, i64)>,
}

#[component]
pub(super) fn ProjectTable(
    tenants: Vec<OfTenant>,
    /// How many active keys each project has, by its id. None where keys do not belong to apps.
    active: Option<HashMap<String, i64>>,
    /// Whether the person may make projects and apps here.
    may_make: bool,
    now: Timestamp,
) -> impl IntoView {
    let columns =
        if active.is_some() { vec!["Project", "Active keys", "Created", ""] } else { vec!["Project", "Created", ""] };
    let width = columns.len();
    let groups = tenants.into_iter().map(|OfTenant { tenant, projects }| {
        let may_make = may_make && tenant.archived_at.is_none();
        let href = format!("/tenants/{}", tenant.id);
        let new = may_make.then(|| format!("{href}/projects/new"));
        let none = projects.is_empty().then(|| {
            let new = new.map(|href| view! { " "<a class="link" href=href>"New project"</a> });
            view! { <tr><td class="cell-muted" colspan=width>"No project here yet."{new}</td></tr> }
        });
        let rows = projects.into_iter().map(|(project, apps)| {
            let active = active.as_ref().map(|active| active.get(project.id.as_str()).copied().unwrap_or_default());
            let out_of_use = tenant.archived_at.or(project.archived_at).is_some();
            view! { <ProjectRow project apps active out_of_use may_make now/> }
        });
        let rows = rows.collect_view();
        view! {
            <tr class="row-group">
                <td class="cell-group" colspan=width><a href=href>{tenant.name}</a>{archived(tenant.archived_at)}</td>
            </tr>
            {none}
            {rows}
        }
    });
    let groups = groups.collect_view();
    view! { <DataTable label="Projects by tenant" columns>{groups}</DataTable> }
}

#[component]
fn ProjectRow(
    project: Project,
    apps: i64,
    active: Option<i64>,
    /// Whether it is archived, or its tenant is.
    out_of_use: bool,
    may_make: bool,
    now: Timestamp,
) -> impl IntoView {
    let (id, href) = (project.id.to_string(), format!("/projects/{}", project.id));
    let menu = format!("menu-{id}");
    let keys = active.map(|n| {
        let text = if n == 1 { "1 key".to_owned() } else { format!("{} keys", counted(n)) };
        let class = if n == 0 { "cell-muted" } else { "" };
        view! { <td data-label="Active keys" class=class>{if n == 0 { "None".to_owned() } else { text }}</td> }
    });
    let new_app = (may_make && !out_of_use).then(|| format!("{href}/apps/new"));
    view! {
        <tr class:row-off=out_of_use>
            <td class="cell-main">
                <a href=href.clone()>{project.name.clone()}</a>{archived(project.archived_at)}
                <span class="cell-sub">{count(apps, "app")}</span>
            </td>
            {keys}
            <td data-label="Created" class="cell-muted"><Ago at=project.created_at now/></td>
            <td class="cell-act">
                <Menu id=menu name=format!("Actions for {}", project.name) small=true>
                    <IdChip id name="Copy project id"/>
                    {new_app.map(|href| view! { <a class="menu-item" href=href>"New app"</a> })}
                    <a class="menu-item" href=format!("{href}/settings")>"Settings"</a>
                </Menu>
            </td>
        </tr>
    }
}
