//! `/account/tokens/new`: creates a personal token, and shows it once.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    key::PlainSecret,
    personal_token::{PersonalToken, TokenScope},
};

use crate::{
    access::SignedIn,
    acts::{Caller, InPage, personal_tokens::create_personal_token},
    components::{CheckboxGroup, Choice, ErrorSummary, Hidden, OnceTokenDialog, PanelFoot, SidePanel, TextField},
    error::PageResult,
    form::FormState,
    form_token,
    islands::SubmitOnce,
    pages::{account::plain, keys::expiry_fields::ExpiryFields},
    ui::{Typed, Ui, refuse},
};

pub async fn get(ui: Ui, me: SignedIn) -> PageResult {
    ask(&ui, &me, FormState::new().with_default("expires", "90")).await
}

pub async fn post(ui: Ui, caller: Caller, me: SignedIn, Typed(form): Typed) -> PageResult {
    match caller.run(create_personal_token((&form).into())).await {
        Ok(InPage((token, secret))) => {
            let page = plain(&ui, &me).await?.with_dialog(move || view! { <Once token secret/> });
            Ok(ui.secret(page))
        }
        Err(error) => ask(&ui, &me, refuse(form, error)?).await,
    }
}

async fn ask(ui: &Ui, me: &SignedIn, form: FormState) -> PageResult {
    let store = &ui.context.store;
    let now = store.now();
    let token = form_token::mint(store.vault(), store.entropy(), &me.user.id, now);
    let (refused, page) = (form.is_refused(), plain(ui, me).await?);
    let page = page.with_dialog(move || view! { <NewPanel form token now/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

/// In words, with the name that lists show. One that every token has can't be left out.
fn choice(scope: TokenScope) -> Choice {
    let choice = Choice::new(scope.as_str(), scope.title());
    match scope {
        TokenScope::Read => choice.note("read, always included").fixed(),
        _ => choice.note(scope.as_str()),
    }
}

#[component]
fn NewPanel(form: FormState, token: String, now: Timestamp) -> impl IntoView {
    let close = "/account#new-token";
    let options = TokenScope::ALL.into_iter().map(choice).collect();
    view! {
        <SidePanel title="New token" sub="For a script that calls the API in your name. It is shown once." close_href=close>
            <form method="post" action="/account/tokens/new" novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="form_token" value=token/>
                    <TextField
                        form=&form name="token_name" label="Name" hint="Where it is used, so that you can find it."
                        autofocus=!form.is_refused()
                    />
                    <CheckboxGroup
                        form=&form name="scopes" legend="Scopes" options
                        hint="It can never do more than your roles allow when it is used."
                    />
                    <ExpiryFields form=&form now/>
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">"Create token"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}

/// The only response that contains a personal token.
#[component]
fn Once(token: PersonalToken, secret: PlainSecret) -> impl IntoView {
    view! {
        <OnceTokenDialog
            name=token.name id="personal-token" label="Personal token" copy="Copy personal token" secret=secret.expose()
            done_href="/account"
        >
            "Requests to the API send it as "<code>"Authorization: Bearer"</code>"."
        </OnceTokenDialog>
    }
}
