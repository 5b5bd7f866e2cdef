//! `/service-accounts/{service_account_id}/tokens/new`: creates a token, and shows it once.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    id::ServiceAccountId,
    key::PlainSecret,
    personal_token::TokenScope,
    service_account::{ServiceToken, scope_title},
};

use super::show;
use crate::{
    access::{Addressed, ServiceAccountAccess},
    acts::{Caller, InPage, service_accounts::create_service_token},
    components::{
        CheckboxGroup, Choice, ErrorSummary, Hidden, OnceTokenDialog, PanelFoot, SelectField, SidePanel, TextField,
    },
    context::Context,
    error::PageResult,
    form::FormState,
    form_token,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse},
};

/// None is for ever.
const CHOICES: [(&str, &str); 4] =
    [("30", "In 30 days"), ("90", "In 90 days"), ("180", "In 180 days"), ("365", "In a year")];

pub async fn get(ui: Ui, State(context): State<Context>, access: ServiceAccountAccess) -> PageResult {
    ask(&ui, &context, &access, FormState::new().with_default("expires", "90")).await
}

pub async fn post(
    ui: Ui,
    caller: Caller,
    Addressed(id): Addressed<ServiceAccountAccess>,
    Typed(form): Typed,
) -> PageResult {
    match caller.run(create_service_token(id.clone(), (&form).into())).await {
        Ok(InPage((token, secret))) => {
            // The secret is only in this response: it is shown even if the page behind it can't be.
            let page = match caller.access::<ServiceAccountAccess>(&id).await {
                Ok(access) => show::page(&ui, &ui.context, &access, None).await,
                Err(error) => Err(error),
            };
            let page = page.unwrap_or_else(|_| Page::bare("Service account", || ()));
            Ok(ui.secret(page.with_dialog(move || view! { <Once token secret/> })))
        }
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<ServiceAccountAccess>(&id).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

async fn ask(ui: &Ui, context: &Context, access: &ServiceAccountAccess, form: FormState) -> PageResult {
    let store = &context.store;
    let token = form_token::mint(store.vault(), store.entropy(), &access.within.me.user.id, store.now());
    let (refused, id) = (form.is_refused(), access.account.id.clone());
    show::page_with_dialog(ui, context, access, refused, move || view! { <NewPanel id form token/> }).await
}

/// In words, with the name that lists show. One that every token has can't be left out.
fn choice(scope: TokenScope) -> Choice {
    let choice = Choice::new(scope.as_str(), scope_title(scope));
    match scope {
        TokenScope::Read => choice.note("read, always included").fixed(),
        _ => choice.note(scope.as_str()),
    }
}

#[component]
fn NewPanel(id: ServiceAccountId, form: FormState, token: String) -> impl IntoView {
    let page = format!("/service-accounts/{id}");
    let (action, close) = (format!("{page}/tokens/new"), format!("{page}#new-token"));
    let scopes = TokenScope::ALL.into_iter().map(choice).collect();
    let expires = CHOICES.into_iter().map(|(value, label)| Choice::new(value, label)).collect();
    view! {
        <SidePanel
            title="New token" sub="It is shown once. Those who manage the account are told by mail." close_href=close.clone()
        >
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="form_token" value=token/>
                    <TextField
                        form=&form name="token_name" label="Name" maxlength=100 autofocus=!form.is_refused()
                        hint="Where it is used, so that you can find it."
                    />
                    <CheckboxGroup
                        form=&form name="scopes" legend="Scopes" options=scopes
                        hint="It can never do more than the role of the account allows when it is used."
                    />
                    <SelectField
                        form=&form name="expires" label="Expires" options=expires
                        hint="Make another before it ends, and revoke this one: both work meanwhile."
                    />
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">"Create token"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}

/// The only response that contains a token.
#[component]
fn Once(token: ServiceToken, secret: PlainSecret) -> impl IntoView {
    view! {
        <OnceTokenDialog
            name=token.name id="service-token" label="Token" copy="Copy token" secret=secret.expose()
            done_href=format!("/service-accounts/{}", token.account_id)
        >
            "Requests to the API send it as "<code>"Authorization: Bearer"</code>"."
        </OnceTokenDialog>
    }
}
