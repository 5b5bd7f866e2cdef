//! `/projects/{project_id}/apps/new`.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    app::{NewApp, Os},
    member::Permission,
};

use crate::{
    access::ProjectAccess,
    components::{Card, Choice, ErrorSummary, PageHead, SelectField, TextArea, TextField},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    shell,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, access: ProjectAccess) -> PageResult {
    access.within.within.needs(Permission::ManageApps)?;
    let form = FormState::new().with_default("os", Os::default().as_str());
    Ok(ui.ok(page(&ui, &access, form).await?).await)
}

pub async fn post(ui: Ui, State(context): State<Context>, access: ProjectAccess, Typed(form): Typed) -> PageResult {
    let org = &access.within.within;
    org.needs(Permission::ManageApps)?;
    let made = async {
        let value = |name| form.value(name);
        let new = NewApp::check(&value("name"), &value("os"), &value("bundle_id"), &value("description"))?;
        context.store.create_app(&org.me.act(), &access.project, new).await
    };
    match made.await {
        Ok(app) => Ok(see_other(format!("/apps/{}", app.id))),
        Err(error) => Ok(ui.refused(page(&ui, &access, refuse(form, error)?).await?).await),
    }
}

async fn page(ui: &Ui, access: &ProjectAccess, form: FormState) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_project(ui, access).await?, "New app");
    let back = format!("/projects/{}", access.project.id);
    Ok(Page::framed("New app", chrome, move || {
        let action = format!("{back}/apps/new");
        let systems = Os::ALL.into_iter().map(|os| Choice::new(os.as_str(), os.title())).collect();
        view! {
            <PageHead title="New app" sub=|| "A key belongs to one app."/>
            <Card>
                <form method="post" action=action novalidate class="stack form">
                    <ErrorSummary form=&form/>
                    <TextField form=&form name="name" label="Name" autofocus=!form.is_refused()/>
                    <SelectField form=&form name="os" label="Operating system" options=systems/>
                    <TextField
                        form=&form name="bundle_id" label="Store identifier" mono=true placeholder="com.example.focus"
                        hint="Optional. The package on Android, the bundle ID on iOS and macOS."
                    />
                    <TextArea form=&form name="description" label="Description" hint="Optional."/>
                    <div class="form-foot">
                        <a class="btn" href=back>"Cancel"</a>
                        <button class="btn btn-primary">"Create app"</button>
                    </div>
                    <SubmitOnce/>
                </form>
            </Card>
        }
    }))
}
