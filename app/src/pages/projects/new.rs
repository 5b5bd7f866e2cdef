//! `/tenants/{tenant_id}/projects/new`.

use sallyport::member::Permission;

use crate::{
    access::{Addressed, TenantAccess},
    acts::{Caller, projects::create_project},
    error::{PageError, PageResult},
    form::FormState,
    pages::name_form::NameForm,
    portal::Page,
    shell,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, access: TenantAccess) -> PageResult {
    access.within.needs(Permission::CreateProjects)?;
    Ok(ui.ok(page(&ui, &access, FormState::new()).await?))
}

pub async fn post(
    ui: Ui,
    caller: Caller,
    Addressed(tenant): Addressed<TenantAccess>,
    Typed(form): Typed,
) -> PageResult {
    match caller.run(create_project(tenant.clone(), form.value("name"))).await {
        Ok(project) => Ok(see_other(format!("/projects/{project}"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&tenant).await?);
            Ok(ui.refused(page(&ui, &access, form).await?))
        }
    }
}

async fn page(ui: &Ui, access: &TenantAccess, form: FormState) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_tenant(ui, access).await?, "New project");
    let back = format!("/tenants/{}", access.tenant.id);
    Ok(Page::framed("New project", chrome, move || {
        leptos::view! {
            <NameForm
                form title="New project" sub="A project holds apps that belong together."
                action=format!("{back}/projects/new") cancel=back button="Create project"
            />
        }
    }))
}
