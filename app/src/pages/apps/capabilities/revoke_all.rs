//! `/apps/{app_id}/capabilities/revoke-all`: all tokens of an app, after its name was typed.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{app::App, member::Permission};

use super::{form::untouched, page};
use crate::{
    access::{Addressed, AppAccess},
    acts::{Caller, capabilities::revoke_capabilities},
    components::{ErrorSummary, Modal, Notice, PanelFoot, TextField, Tone},
    context::Context,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: AppAccess) -> PageResult {
    access.org().needs(Permission::ManageKeys)?;
    ask(&ui, &context, &access, FormState::new()).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(app): Addressed<AppAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(revoke_capabilities(app.clone(), form.value("typed_name"), form.value("reason"))).await {
        Ok(()) => Ok(see_other(format!("/apps/{app}/capabilities?revoked=1"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&app).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

async fn ask(ui: &Ui, context: &Context, access: &AppAccess, form: FormState) -> PageResult {
    let (refused, app) = (form.is_refused(), access.app.clone());
    let page = page(ui, access, untouched(&context.store.profile().capabilities), None).await?;
    let page = page.with_dialog(move || view! { <Asking app form/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn Asking(app: App, form: FormState) -> impl IntoView {
    let action = format!("/apps/{}/capabilities/revoke-all", app.id);
    // Returns to the button that opened it.
    let close = format!("/apps/{}/capabilities#revoke-all", app.id);
    let hint = format!("Type “{}” to confirm.", app.name);
    view! {
        <Modal title="Revoke all tokens?" sub=app.name close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=Tone::Danger>
                        "All capability tokens of this app that were minted until now are refused. This can’t be undone: mint new \
                         ones."
                    </Notice>
                    <TextField
                        form=&form name="typed_name" label="Name of the app" hint autocomplete="off"
                        autofocus=!form.is_refused()
                    />
                    <TextField form=&form name="reason" label="Reason" hint="Optional. Shown in the activity log."/>
                </div>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-danger">"Revoke all tokens"</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
