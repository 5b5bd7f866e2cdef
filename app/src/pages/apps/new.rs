//! `/projects/{project_id}/apps/new`.

use leptos::prelude::*;
use sallyport::{app::Os, member::Permission};

use crate::{
    access::{Addressed, ProjectAccess},
    acts::{Caller, apps::create_app},
    components::{Card, Choice, ErrorSummary, PageHead, SelectField, TextArea, TextField},
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
    Ok(ui.ok(page(&ui, &access, form).await?))
}

pub async fn post(
    ui: Ui,
    caller: Caller,
    Addressed(project): Addressed<ProjectAccess>,
    Typed(form): Typed,
) -> PageResult {
    let value = |name| form.value(name);
    let made = create_app(project.clone(), value("name"), value("os"), value("bundle_id"), value("description"));
    match caller.run(made).await {
        Ok(app) => Ok(see_other(format!("/apps/{app}"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&project).await?);
            Ok(ui.refused(page(&ui, &access, form).await?))
        }
    }
}

async fn page(ui: &Ui, access: &ProjectAccess, form: FormState) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_project(ui, access).await?, "New app");
    let back = format!("/projects/{}", access.project.id);
    Ok(Page::framed("New app", chrome, move || {
        let action = format!("{back}/apps/new");
        let systems = Os::ALL.into_iter().map(|os| Choice::new(os.as_str(), os.title())).collect();
        view! {
            <PageHead title="New app" sub=|| "A key belongs to one app"/>
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
