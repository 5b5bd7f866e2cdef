//! `/tenants/{tenant_id}/projects/new`.

use axum::extract::State;
use sallyport::{member::Permission, project::NewProject};

use crate::{
    access::TenantAccess,
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    pages::name_form::NameForm,
    portal::Page,
    shell,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, access: TenantAccess) -> PageResult {
    access.within.needs(Permission::ManageApps)?;
    Ok(ui.ok(page(&ui, &access, FormState::new()).await?).await)
}

pub async fn post(ui: Ui, State(context): State<Context>, access: TenantAccess, Typed(form): Typed) -> PageResult {
    access.within.needs(Permission::ManageApps)?;
    let made = async {
        let new = NewProject::check(&form.value("name"))?;
        context.store.create_project(&access.within.me.act(), &access.tenant, new).await
    };
    match made.await {
        Ok(project) => Ok(see_other(format!("/projects/{}", project.id))),
        Err(error) => Ok(ui.refused(page(&ui, &access, refuse(form, error)?).await?).await),
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
