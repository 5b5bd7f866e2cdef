//! `/reset`: asks for a link to reset a password.

pub mod token;

use leptos::prelude::*;
use serde::Deserialize;

use crate::{
    acts::{
        Caller,
        password_resets::{NO_MAIL, request_password_reset},
    },
    components::{ErrorSummary, LeadIcon, TextField},
    error::PageResult,
    form::FormState,
    icons::Icon,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

#[derive(Deserialize)]
pub struct ResetQuery {
    /// The form was accepted.
    #[serde(default)]
    sent: Option<String>,
}

pub async fn get(ui: Ui, UrlQuery(query): UrlQuery<ResetQuery>) -> PageResult {
    let page = match (ui.context.has_mail, query.sent) {
        (false, _) => without_mail(),
        (true, Some(_)) => sent(),
        (true, None) => page(FormState::new()),
    };
    Ok(ui.ok(page))
}

pub async fn post(ui: Ui, caller: Caller, Typed(form): Typed) -> PageResult {
    match caller.run(request_password_reset(form.value("email"))).await {
        Ok(()) => Ok(see_other("/reset?sent=1")),
        Err(error) => {
            let wait = error.wait();
            let form = refuse(form, error)?;
            if !ui.context.has_mail {
                return Ok(ui.show(axum::http::StatusCode::FORBIDDEN, without_mail()));
            }
            Ok(ui.refused_for(page(form), wait))
        }
    }
}

fn page(form: FormState) -> Page {
    Page::bare("Reset your password", move || {
        view! {
            <h1 class="card-title">"Reset your password"</h1>
            <p class="card-sub">"We send you a link to the e-mail address of your account."</p>
            <form method="post" action="/reset" novalidate class="stack">
                <ErrorSummary form=&form/>
                <TextField form=&form name="email" label="Email" kind="email" autocomplete="username" autofocus=!form.is_refused()/>
                <button class="btn btn-primary btn-wide">"Send reset link"</button>
                <SubmitOnce/>
            </form>
            <p><a href="/sign-in">"Back to the sign-in"</a></p>
        }
    })
}

/// The same for every address.
fn sent() -> Page {
    Page::bare("Check your mail", || {
        view! {
            <LeadIcon icon=Icon::Mail/>
            <h1 class="card-title">"Check your mail"</h1>
            <p>"If an account has this e-mail address, a link is on its way. It works once, for 30 minutes."</p>
            <p class="hint">"No mail? Check the spam folder, and that it is the address of your account."</p>
            <p><a href="/reset">"Send another link"</a>" · "<a href="/sign-in">"Back to the sign-in"</a></p>
        }
    })
}

fn without_mail() -> Page {
    Page::bare("Reset your password", || {
        view! {
            <LeadIcon icon=Icon::Mail/>
            <h1 class="card-title">"Reset your password"</h1>
            <p>{NO_MAIL}</p>
            <a class="btn btn-wide" href="/sign-in">"Back to the sign-in"</a>
        }
    })
}
