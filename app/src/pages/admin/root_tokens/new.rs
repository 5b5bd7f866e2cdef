//! `/admin/root-tokens/new`: creates a root token, and shows it once.

use leptos::prelude::*;
use sallyport::{Timestamp, key::PlainSecret, root_token::RootToken};

use super::page;
use crate::{
    access::{OperatorAccess, SignedIn},
    acts::{Caller, InPage, admin::root_tokens::create_token},
    components::{Choice, ErrorSummary, Hidden, OnceTokenDialog, PanelFoot, RadioGroup, SidePanel, TextField},
    error::PageResult,
    form::FormState,
    form_token,
    islands::SubmitOnce,
    pages::{admin::list::ListQuery, keys::expiry_fields::ExpiryFields},
    ui::{Typed, Ui, refuse},
};

pub async fn get(ui: Ui, access: OperatorAccess) -> PageResult {
    let form = FormState::new().with_default("access", "verify").with_default("expires", "365");
    ask(&ui, &access.me, form).await
}

pub async fn post(ui: Ui, caller: Caller, access: OperatorAccess, Typed(form): Typed) -> PageResult {
    match caller.run(create_token((&form).into())).await {
        Ok(InPage((token, secret))) => {
            let page = page(&ui, &access.me, ListQuery::default()).await?;
            let page = page.with_dialog(move || view! { <Once token secret/> });
            Ok(ui.secret(page))
        }
        Err(error) => ask(&ui, &access.me, refuse(form, error)?).await,
    }
}

async fn ask(ui: &Ui, me: &SignedIn, form: FormState) -> PageResult {
    let store = &ui.context.store;
    let now = store.now();
    let token = form_token::mint(store.vault(), store.entropy(), &me.user.id, now);
    let (refused, page) = (form.is_refused(), page(ui, me, ListQuery::default()).await?);
    let page = page.with_dialog(move || view! { <NewPanel form token now/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn NewPanel(form: FormState, token: String, now: Timestamp) -> impl IntoView {
    let close = "/admin/root-tokens#new";
    let access = vec![
        Choice::new("verify", "Verify only").note("asks whether keys are valid"),
        Choice::new("manage", "Manage").note("also creates, changes and revokes"),
    ];
    view! {
        <SidePanel title="New root token" sub="For a backend or automation. It is shown once." close_href=close>
            <form method="post" action="/admin/root-tokens/new" novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="form_token" value=token/>
                    <TextField
                        form=&form name="name" label="Name" hint="Where it is used, so that you can find it."
                        autofocus=!form.is_refused()
                    />
                    <RadioGroup form=&form name="access" legend="Access" options=access/>
                    <TextField
                        form=&form name="org" label="Organization ID" mono=true autocomplete="off"
                        placeholder="org_…" hint="Optional. Without it, all organizations."
                    />
                    <ExpiryFields form=&form now/>
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">"Create token"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}

/// The only response that contains a root token.
#[component]
fn Once(token: RootToken, secret: PlainSecret) -> impl IntoView {
    view! {
        <OnceTokenDialog
            name=token.name id="root-token" label="Root token" copy="Copy root token" secret=secret.expose()
            done_href="/admin/root-tokens"
        >
            "Requests to the API send it as "<code>"Authorization: Bearer"</code>"."
        </OnceTokenDialog>
    }
}
