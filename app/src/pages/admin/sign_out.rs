//! `/admin/users/sign-out`: ends everybody's sessions, after a word was typed.

pub mod one;

use leptos::prelude::*;

use super::{list::ListQuery, users};
use crate::{
    access::{OperatorAccess, SignedIn},
    acts::{
        Caller,
        admin::users::{EVERYBODY, end_all_sessions},
    },
    components::{ErrorSummary, Modal, Notice, PanelFoot, TextField, Tone},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, access: OperatorAccess) -> PageResult {
    ask(&ui, &access.me, FormState::new()).await
}

pub async fn post(ui: Ui, caller: Caller, access: OperatorAccess, Typed(form): Typed) -> PageResult {
    match caller.run(end_all_sessions(form.value("typed_name"))).await {
        Ok(_) => Ok(see_other("/sign-in")),
        Err(error) => ask(&ui, &access.me, refuse(form, error)?).await,
    }
}

async fn ask(ui: &Ui, me: &SignedIn, form: FormState) -> PageResult {
    let (refused, page) = (form.is_refused(), users::page(ui, me, ListQuery::default()).await?);
    let page = page.with_dialog(move || view! { <Asking form/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn Asking(form: FormState) -> impl IntoView {
    let close = "/admin/users#everybody-button";
    view! {
        <Modal title="Sign everybody out?" sub="All people with an account" close_href=close>
            <form method="post" action="/admin/users/sign-out" novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=Tone::Danger>
                        "Every session ends at once, yours included. Keys and root tokens keep working."
                    </Notice>
                    <TextField
                        form=&form name="typed_name" label="Who is signed out"
                        hint=format!("Type “{EVERYBODY}” to confirm.") autocomplete="off" autofocus=!form.is_refused()
                    />
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-danger">"Sign everybody out"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
