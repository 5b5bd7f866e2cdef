//! `/orgs/{org_id}/tenants/new`.

use axum::extract::State;
use sallyport::{member::Permission, tenant::NewTenant};

use crate::{
    access::OrgAccess,
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    pages::name_form::NameForm,
    portal::{Page, Section},
    shell,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, access: OrgAccess) -> PageResult {
    access.needs(Permission::ManageOrg)?;
    Ok(ui.ok(page(&ui, &access, FormState::new()).await?).await)
}

pub async fn post(ui: Ui, State(context): State<Context>, access: OrgAccess, Typed(form): Typed) -> PageResult {
    access.needs(Permission::ManageOrg)?;
    let made = async {
        let new = NewTenant::check(&form.value("name"))?;
        context.store.create_tenant(&access.me.act(), &access.org.id, new).await
    };
    match made.await {
        Ok(tenant) => Ok(see_other(format!("/tenants/{}", tenant.id))),
        Err(error) => Ok(ui.refused(page(&ui, &access, refuse(form, error)?).await?).await),
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
