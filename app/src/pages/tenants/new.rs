//! `/orgs/{org_id}/tenants/new`.

use sallyport::member::Permission;

use crate::{
    access::{Addressed, OrgAccess},
    acts::{Caller, tenants::create_tenant},
    error::{PageError, PageResult},
    form::FormState,
    pages::name_form::NameForm,
    portal::{Page, Section},
    shell,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, access: OrgAccess) -> PageResult {
    access.needs(Permission::CreateTenants)?;
    Ok(ui.ok(page(&ui, &access, FormState::new()).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(org): Addressed<OrgAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(create_tenant(org.clone(), form.value("name"))).await {
        Ok(tenant) => Ok(see_other(format!("/tenants/{tenant}"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&org).await?);
            Ok(ui.refused(page(&ui, &access, form).await?))
        }
    }
}

async fn page(ui: &Ui, access: &OrgAccess, form: FormState) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_org(ui, access, Section::Projects).await?, "New tenant");
    let back = format!("/orgs/{}", access.org.id);
    Ok(Page::framed("New tenant", chrome, move || {
        leptos::view! {
            <NameForm
                form title="New tenant" sub="Tenants keep things apart, such as Development and Production."
                action=format!("{back}/tenants/new") cancel=back button="Create tenant"
            />
        }
    }))
}
