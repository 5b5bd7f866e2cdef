//! `/projects/{project_id}`: its apps.

use axum::extract::State;
use leptos::prelude::*;

use crate::{
    access::ProjectAccess,
    components::{DataTable, Empty, IdChip, PageHead},
    context::Context,
    error::PageResult,
    icons::Icon,
    pages::orgs::overview::archived,
    portal::Page,
    shell,
    ui::Ui,
    words::{Ago, count},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: ProjectAccess) -> PageResult {
    let chrome = shell::at_last(shell::of_project(&ui, &access).await?);
    let apps = context.store.apps(&access.project.id).await?;
    let now = context.store.now();
    let project = access.project;
    let page = Page::framed(project.name.clone(), chrome, move || {
        let id = project.id.to_string();
        let new = format!("/projects/{id}/apps/new");
        let (settings, description) = (format!("/projects/{id}/settings"), project.description.clone());
        let (empty, action) = (apps.is_empty(), new.clone());
        let rows = apps.into_iter().map(move |(app, keys)| {
            let href = format!("/apps/{}", app.id);
            view! {
                <tr>
                    <td class="cell-main"><a href=href>{app.name}</a>{archived(app.archived_at)}</td>
                    <td data-label="ID" class="cell-mono"><IdChip id=app.id.to_string() name="Copy app id"/></td>
                    <td data-label="Operating system">{app.os.title()}</td>
                    <td data-label="Active keys">{count(keys, "key")}</td>
                    <td data-label="Created" class="cell-muted"><Ago at=app.created_at now/></td>
                </tr>
            }
        });
        let columns = &["Name", "ID", "Operating system", "Active keys", "Created"];
        view! {
            <PageHead
                title=project.name.clone()
                sub=move || view! {
                    <span>"Project"</span><span><IdChip id name="Copy project id"/></span>
                    {(!description.is_empty()).then(|| view! { <span>{description}</span> })}
                }
                actions=move || view! {
                    <a class="btn" href=settings>"Settings"</a>
                    {(!empty).then(|| view! { <a class="btn btn-primary" href=action>"New app"</a> })}
                }
            />
            {if empty {
                view! {
                    <Empty
                        icon=Icon::Folder title="No app yet"
                        text="API keys belong to an app: one phone app, one website, one backend."
                        action=move || view! { <a class="btn btn-primary" href=new>"New app"</a> }
                    />
                }.into_any()
            } else {
                view! { <DataTable label="Apps" columns>{rows.collect_view()}</DataTable> }.into_any()
            }}
        }
    });
    Ok(ui.ok(page).await)
}
