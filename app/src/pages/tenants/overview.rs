//! `/tenants/{tenant_id}`: its projects.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::member::Permission;

use crate::{
    access::TenantAccess,
    components::{Empty, IdChip, PageHead},
    context::Context,
    error::PageResult,
    icons::Icon,
    pages::orgs::overview::ProjectTable,
    portal::Page,
    shell,
    ui::Ui,
};

pub async fn get(ui: Ui, State(context): State<Context>, access: TenantAccess) -> PageResult {
    let chrome = shell::at_last(shell::of_tenant(&ui, &access).await?);
    let mut projects = context.store.projects(&access.within.org.id).await?;
    projects.retain(|(project, _)| project.tenant_id == access.tenant.id);
    let now = context.store.now();
    let may_manage = access.within.role.may(Permission::ManageOrg);
    let tenant = access.tenant;
    let page = Page::framed(tenant.name.clone(), chrome, move || {
        let id = tenant.id.to_string();
        let new = format!("/tenants/{id}/projects/new");
        let (settings, description) = (format!("/tenants/{id}/settings"), tenant.description.clone());
        let (empty, action) = (projects.is_empty(), new.clone());
        view! {
            <PageHead
                title=tenant.name.clone()
                sub=move || view! {
                    <span>"Tenant"</span><span><IdChip id name="Copy tenant id"/></span>
                    {(!description.is_empty()).then(|| view! { <span>{description}</span> })}
                }
                actions=move || view! {
                    {may_manage.then(|| view! { <a class="btn" href=settings>"Settings"</a> })}
                    {(!empty).then(|| view! { <a class="btn btn-primary" href=action>"New project"</a> })}
                }
            />
            {if empty {
                view! {
                    <Empty
                        icon=Icon::Folder title="No project yet"
                        text="A project holds apps that belong together: the phone app, its website, its backend."
                        action=move || view! { <a class="btn btn-primary" href=new>"New project"</a> }
                    />
                }.into_any()
            } else {
                view! { <ProjectTable label="Projects".to_owned() projects now/> }.into_any()
            }}
        }
    });
    Ok(ui.ok(page).await)
}
