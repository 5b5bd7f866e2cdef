//! `/apps/{app_id}/ingestion`: whether an app may push data. For operators, whether or not they are members.

use leptos::prelude::*;
use sallyport::{app::App, store::Reader};

use crate::{
    access::{Addressed, OperatedApp},
    acts::{Caller, apps::verify_for_ingestion},
    components::{Badge, CheckField, DoneNotice, IdChip, PageHead, Setting, Tone},
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
    let org = ui.context.store.find(Reader::All, &app.org_id).await?;
    let org = org.map_or_else(|| app.org_id.to_string(), |org| org.name);
    let (tone, text) = if app.ingestion_verified { (Tone::Good, "Verified") } else { (Tone::Neutral, "Not verified") };
    let page = Page::framed(format!("Ingestion · {}", app.name), chrome, move || {
        view! {
            <DoneNotice text=saved.then_some("Saved.")/>
            <PageHead
                title=app.name.clone()
                sub={
                    let app = app.clone();
                    move || view! {
                        <span><Badge tone text/></span>
                        <span><IdChip id=app.id.to_string() name="Copy app id"/></span>
                        <span><a href=format!("/admin/organizations/{}", app.org_id)>{org}</a></span>
                    }
                }
            />
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
        <Setting title="Data ingestion" about=|| "Visible to operators of this portal only.">
            <form method="post" action=action class="stack form">
                <CheckField
                    form=&form name="verified" label="Verified for ingestion"
                    hint="Its keys may push data. Otherwise they are refused (403) where ingestion is required."
                />
                <div class="form-foot"><button class="btn btn-primary">"Save"</button></div>
                <SubmitOnce/>
            </form>
        </Setting>
    }
}
