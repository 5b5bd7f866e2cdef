//! `/apps/{app_id}/ingestion`: whether an app may push data. For operators, whether or not they are members.

use leptos::prelude::*;
use sallyport::app::App;

use crate::{
    access::{Addressed, OperatedApp},
    acts::{Caller, apps::verify_for_ingestion},
    components::{Card, CheckField, DoneNotice, Fact, Facts, IdChip, PageHead},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    portal::{AdminSection, Page},
    shell,
    ui::{Typed, Ui, UrlQuery, see_other},
};

#[derive(serde::Deserialize)]
pub struct SavedQuery {
    #[serde(default)]
    saved: String,
}

pub async fn get(ui: Ui, access: OperatedApp, UrlQuery(query): UrlQuery<SavedQuery>) -> PageResult {
    let chrome = shell::here(shell::of_admin(&ui, &access.me, AdminSection::Apps).await?, &access.app.name);
    let (app, saved) = (access.app, !query.saved.is_empty());
    let page = Page::framed(format!("Ingestion · {}", app.name), chrome, move || {
        view! {
            <DoneNotice text=saved.then_some("Saved.")/>
            <PageHead title=app.name.clone() sub=move || view! { <span>"Visible to operators of this portal only"</span> }/>
            <Switch app/>
        }
    });
    Ok(ui.ok(page))
}

pub async fn post(caller: Caller, Addressed(app): Addressed<OperatedApp>, Typed(form): Typed) -> PageResult {
    caller.run(verify_for_ingestion(app.clone(), form.has("verified", "on"))).await?;
    Ok(see_other(format!("/apps/{app}/ingestion?saved=1")))
}

#[component]
fn Switch(app: App) -> impl IntoView {
    let action = format!("/apps/{}/ingestion", app.id);
    let form = FormState::typed(app.ingestion_verified.then_some(("verified", "on")));
    view! {
        <Card title="Data ingestion">
            <div class="stack">
                <Facts>
                    <Fact label="App ID"><IdChip id=app.id.to_string() name="Copy app id"/></Fact>
                    <Fact label="Organization ID"><IdChip id=app.org_id.to_string() name="Copy organization id"/></Fact>
                </Facts>
                <form method="post" action=action class="stack form">
                    <CheckField
                        form=&form name="verified" label="Verified for ingestion"
                        hint="Its keys may push data. Otherwise they are refused (403) where ingestion is required."
                    />
                    <div class="form-foot"><button class="btn btn-primary">"Save"</button></div>
                    <SubmitOnce/>
                </form>
            </div>
        </Card>
    }
}
