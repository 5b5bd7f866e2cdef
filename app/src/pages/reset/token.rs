//! `/reset/{token}`: sets a new password with a link. Opening it changes nothing: mail programs open links, too.

use axum::{http::StatusCode, response::Response};
use leptos::prelude::*;

use crate::{
    acts::{
        Caller,
        error::ActError,
        password_resets::{open, reset_password},
    },
    components::{ErrorSummary, LeadIcon, NewPasswordField, PasswordOf},
    error::{PageError, PageResult},
    form::FormState,
    icons::Icon,
    islands::SubmitOnce,
    pages::link_token::{Asked, text},
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, token: Asked) -> PageResult {
    let token = text(token);
    match open(&ui.context, &token).await? {
        Some((_, user)) => Ok(ui.ok(page(FormState::new(), token, user.email))),
        None => Ok(ended(&ui).await),
    }
}

pub async fn post(ui: Ui, caller: Caller, token: Asked, Typed(form): Typed) -> PageResult {
    let token = text(token);
    match caller.run(reset_password(token.clone(), form.value("new_password"))).await {
        Ok(()) => Ok(see_other("/sign-in?reset=1")),
        Err(ActError::Denied(PageError::NotFound) | ActError::Refused(PageError::Forbidden(_))) => Ok(ended(&ui).await),
        Err(error) => match open(&ui.context, &token).await? {
            Some((_, user)) => Ok(ui.refused(page(refuse(form, error)?, token, user.email))),
            None => Ok(ended(&ui).await),
        },
    }
}

fn page(form: FormState, token: String, email: String) -> Page {
    Page::bare("Choose a new password", move || {
        view! {
            <h1 class="card-title">"Choose a new password"</h1>
            <p class="card-sub">{format!("For {email}. You are then signed out everywhere.")}</p>
            <form method="post" action=format!("/reset/{token}") novalidate class="stack">
                <ErrorSummary form=&form/>
                <PasswordOf email/>
                <NewPasswordField autofocus=!form.is_refused() form/>
                <button class="btn btn-primary btn-wide">"Set password"</button>
                <SubmitOnce/>
            </form>
        }
    })
}

/// The same for every link that does not work, whatever the reason.
async fn ended(ui: &Ui) -> Response {
    let has_mail = ui.context.has_mail;
    let page = Page::bare("This link does not work", move || {
        let next = if has_mail {
            view! { <a class="btn btn-primary btn-wide" href="/reset">"Send another link"</a> }.into_any()
        } else {
            view! { <p>"Ask an operator of this portal for another link."</p> }.into_any()
        };
        view! {
            <LeadIcon icon=Icon::Warning/>
            <h1 class="card-title">"This link does not work"</h1>
            <p>"It was used, or it has expired: a link works once, for 30 minutes. Check that its address is complete."</p>
            {next}
            <a class="btn btn-wide" href="/sign-in">"Back to the sign-in"</a>
        }
    });
    ui.show(StatusCode::NOT_FOUND, page)
}
