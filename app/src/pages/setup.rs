//! `/setup`: creates the first account, if there is none.

use leptos::prelude::*;
use serde::Deserialize;

use super::sign_in::with_device_cookie;
use crate::{
    acts::{
        Caller,
        setup::{create_first_account, has_token},
    },
    components::{ErrorSummary, Hidden, NewPasswordField, TextField},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

#[derive(Deserialize)]
pub struct SetupQuery {
    #[serde(default)]
    token: String,
}

pub async fn get(ui: Ui, UrlQuery(query): UrlQuery<SetupQuery>) -> PageResult {
    if !ui.context.store.is_empty().await? {
        return Ok(see_other("/sign-in"));
    }
    let form = FormState::new().with_default("token", query.token);
    let known = has_token(&ui.context, &form.value("token"));
    Ok(ui.ok(page(form, known)))
}

pub async fn post(ui: Ui, caller: Caller, Typed(form): Typed) -> PageResult {
    let value = |name| form.value(name);
    let made = create_first_account(value("token"), value("name"), value("email"), value("password"));
    match caller.run(made).await {
        Ok(started) => Ok(with_device_cookie(started, see_other("/orgs/new"))),
        Err(error) => {
            let known = has_token(&ui.context, &form.value("token"));
            Ok(ui.refused(page(refuse(form, error)?, known)))
        }
    }
}

/// With the token in its address the form includes it; else it has a field for it.
fn page(form: FormState, has_token: bool) -> Page {
    Page::bare("Set up", move || {
        view! {
            <h1 class="card-title">"Welcome to Sallyport"</h1>
            <p class="card-sub">"Create the first account, the operator of this portal."</p>
            <form method="post" action="/setup" novalidate class="stack">
                <ErrorSummary form=&form/>
                {if has_token {
                    view! { <Hidden name="token" value=form.value("token")/> }.into_any()
                } else {
                    view! {
                        <TextField
                            form=&form name="token" label="Setup token" mono=true
                            hint="The server printed an address when it started. The token is the last part of it."
                        />
                    }.into_any()
                }}
                <TextField form=&form name="name" label="Name" autocomplete="name" autofocus=!form.is_refused()/>
                <TextField form=&form name="email" label="Email" kind="email" autocomplete="username"/>
                <NewPasswordField form name="password" label="Password"/>
                <button class="btn btn-primary btn-wide">"Create account"</button>
                <SubmitOnce/>
            </form>
        }
    })
}
