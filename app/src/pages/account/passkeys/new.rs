//! `/account/passkeys/new`: adds a passkey, which the browser makes.

use axum::http::{HeaderMap, header};
use leptos::prelude::*;
use sallyport::session::device;

use crate::{
    access::SignedIn,
    acts::{Caller, InPage, passkeys::add_passkey},
    components::{ErrorSummary, PanelFoot, PasskeyFields, SidePanel, TextField},
    error::{PageError, PageResult},
    form::FormState,
    pages::account::{changed_to, plain, recovery_codes::once},
    passkey_challenge::AskedToAdd,
    sign_in_cookies::{Kept, without},
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, me: SignedIn, headers: HeaderMap) -> PageResult {
    if ui.context.relying_party.is_none() {
        return Ok(see_other("/account#two-step"));
    }
    // Asked for first: what the browser makes can't be sent again later.
    match me.needs_fresh(&ui.context.store).await {
        Err(PageError::Confirm) => return Ok(see_other("/account/confirm?next=%2Faccount%2Fpasskeys%2Fnew")),
        fresh => fresh?,
    }
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let form = FormState::new().with_default("passkey_name", device(agent));
    let page = plain(&ui, &me).await?;
    Ok(ui.ok(page.with_dialog(move || view! { <Panel form/> })))
}

pub async fn post(ui: Ui, caller: Caller, me: SignedIn, Typed(form): Typed) -> PageResult {
    match caller.run(add_passkey(form.value("passkey_name"), form.value("credential"))).await {
        Ok(InPage(codes)) => {
            let answer = match codes {
                Some(codes) => once(&ui, &me, &codes).await?,
                None => changed_to("passkey"),
            };
            Ok(without(answer, AskedToAdd::forget(&ui.context)))
        }
        Err(error) => {
            let form = refuse(form, error)?;
            Ok(ui.refused(plain(&ui, &me).await?.with_dialog(move || view! { <Panel form/> })))
        }
    }
}

#[component]
fn Panel(form: FormState) -> impl IntoView {
    let close = "/account#two-step";
    view! {
        <SidePanel
            title="Add a passkey" close_href=close
            sub="It signs you in with your fingerprint, face or PIN, without your password."
        >
            <form method="post" action="/account/passkeys/new" data-passkey="add" data-options="/passkeys/options">
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <TextField
                        form=&form name="passkey_name" label="Name" hint="Where it is kept, so that you can find it." maxlength=100
                        required=true autofocus=!form.is_refused()
                    />
                    <PasskeyFields/>
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">"Add a passkey"</button></PanelFoot>
            </form>
        </SidePanel>
    }
}
