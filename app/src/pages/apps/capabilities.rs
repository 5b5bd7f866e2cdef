//! `/apps/{app_id}/capabilities`: mints a capability token and shows it once; leads to the revocation of all.

pub mod file;
pub mod form;
pub mod once;
pub mod revoke_all;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{app::App, member::Permission, profile::CapabilityRules};

use super::head::AppHead;
use crate::{
    access::{Addressed, AppAccess},
    acts::{Caller, InPage, capabilities::mint_capability},
    components::{DoneNotice, Setting},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    portal::Page,
    shell,
    ui::{Typed, Ui, UrlQuery, refuse},
};
use form::MintForm;
use once::Once;

#[derive(serde::Deserialize)]
pub struct DoneQuery {
    #[serde(default)]
    revoked: String,
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: AppAccess,
    UrlQuery(query): UrlQuery<DoneQuery>,
) -> PageResult {
    access.org().needs(Permission::ManageKeys)?;
    let done = (!query.revoked.is_empty()).then_some("All capability tokens of this app are revoked.");
    let form = form::untouched(&context.store.profile().capabilities);
    Ok(ui.ok(page(&ui, &access, form, done).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(app): Addressed<AppAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(mint_capability(app.clone(), (&form).into())).await {
        Ok(InPage((access, minted))) => {
            let rules = &ui.context.store.profile().capabilities;
            // The token is only in this response: it is shown even if what is around it can't be.
            let page = page(&ui, &access, form::untouched(rules), None).await;
            let page = page.unwrap_or_else(|_| Page::bare("Capability tokens", || ()));
            let services = ui.context.store.service_urls(&access.app.org_id).await.unwrap_or_default();
            let file = once::file(&ui.context, &access, &services, &minted.token)?;
            Ok(ui.secret(page.with_dialog(move || view! { <Once app=access.app minted file/> })))
        }
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&app).await?);
            Ok(ui.refused(page(&ui, &access, form, None).await?))
        }
    }
}

/// The page, also behind its dialogs.
async fn page(ui: &Ui, access: &AppAccess, form: FormState, done: Option<&'static str>) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_app(ui, access).await?, "Capability tokens");
    let (app, archived) = (access.app.clone(), access.is_archived());
    let rules = ui.context.store.profile().capabilities.clone();
    Ok(Page::framed(format!("Capability tokens · {}", app.name), chrome, move || {
        view! {
            <DoneNotice text=done/>
            <AppHead app=app.clone() current="Settings"/>
            <div class="columns">
                <Mint app=app.clone() form rules archived/>
                <Revoke app/>
            </div>
        }
    }))
}

#[component]
fn Mint(app: App, form: FormState, rules: CapabilityRules, archived: bool) -> impl IntoView {
    let about =
        "A signed token that lets this app use modules and channels for one subject. It is shown once, and not stored.";
    let missing = match () {
        // What was refused is said in the form.
        () if form.is_refused() => None,
        () if !rules.are_offered() => Some("The profile of this portal names no modules and no channels."),
        () if archived => Some("This app is archived. Restore it in its settings first."),
        () => None,
    };
    view! {
        <Setting title="Capability tokens" about=move || about>
            {match missing {
                Some(missing) => view! { <p class="muted">{missing}</p> }.into_any(),
                None => view! { <MintForm action=format!("/apps/{}/capabilities", app.id) form rules/> }.into_any(),
            }}
        </Setting>
    }
}

#[component]
fn Revoke(app: App) -> impl IntoView {
    let about = "If one was stolen, or if they should all be minted again.";
    view! {
        <Setting title="Danger zone" about=move || about>
            <div class="danger-rows">
                <div class="danger-row">
                    <div>
                        <b>"Revoke all capability tokens of this app"</b>
                        <p class="muted">
                            "This portal refuses all that were minted until now. Programs that verify them without asking it \
                             accept them until they expire."
                        </p>
                    </div>
                    <form method="get" action=format!("/apps/{}/capabilities/revoke-all", app.id)>
                        <button id="revoke-all" class="btn btn-danger-quiet">"Revoke all tokens"</button>
                    </form>
                </div>
            </div>
        </Setting>
    }
}
