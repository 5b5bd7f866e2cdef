//! `/sign-in/code`: the second step of a sign-in, for people who have a second factor.

use axum::http::{HeaderMap, header};
use leptos::prelude::*;
use serde::Deserialize;

use crate::{
    acts::{ActError, Caller, sessions::sign_in_with_code},
    components::{ErrorSummary, Hidden, TextField},
    error::{PageError, PageResult},
    form::FormState,
    half_signed_in::HalfSignedIn,
    islands::SubmitOnce,
    pages::{sign_in::signed_in, theme::local},
    portal::Page,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

#[derive(Deserialize)]
pub struct CodeQuery {
    #[serde(default)]
    next: String,
}

pub async fn get(ui: Ui, headers: HeaderMap, UrlQuery(query): UrlQuery<CodeQuery>) -> PageResult {
    if HalfSignedIn::of(&ui.context, &headers).await?.is_none() {
        return Ok(see_other("/sign-in"));
    }
    Ok(ui.ok(page(FormState::new().with_default("next", local(&query.next)))))
}

pub async fn post(ui: Ui, caller: Caller, headers: HeaderMap, Typed(form): Typed) -> PageResult {
    match caller.run(sign_in_with_code(form.value("code"))).await {
        Ok(started) => {
            let mut answer = signed_in(&ui, &headers, started, &form.value("next")).await;
            if let Some(cookie) = HalfSignedIn::forget(&ui.context) {
                answer.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Ok(answer)
        }
        // It began too long ago, or with another password.
        Err(ActError::Denied(PageError::SignIn { .. })) => {
            let next = form.value("next");
            let next: String = url::form_urlencoded::byte_serialize(local(&next).as_bytes()).collect();
            Ok(see_other(format!("/sign-in?next={next}")))
        }
        Err(error) => {
            let wait = error.wait();
            Ok(ui.refused_for(page(refuse(form, error)?), wait))
        }
    }
}

fn page(form: FormState) -> Page {
    Page::bare("Enter your code", move || {
        view! {
            <h1 class="card-title">"Enter your code"</h1>
            <p class="card-sub">"Open your authenticator app. Without it, use a recovery code."</p>
            <form method="post" action="/sign-in/code" novalidate class="stack">
                <ErrorSummary form=&form/>
                <Hidden name="next" value=form.value("next")/>
                <CodeField form/>
                <button class="btn btn-primary btn-wide">"Sign in"</button>
                <p><a href="/sign-in">"Back to the sign-in"</a></p>
                <SubmitOnce/>
            </form>
        }
    })
}

/// The field of a code. What was typed is not shown again.
#[component]
pub fn CodeField(
    form: FormState,
    #[prop(default = "The six digits that the app shows, or a recovery code.")] hint: &'static str,
) -> impl IntoView {
    let autofocus = !form.is_refused();
    let form = form.error("code").into_iter().fold(FormState::new(), |form, error| form.with_error("code", error));
    view! { <TextField form name="code" label="Code" hint autocomplete="one-time-code" autofocus mono=true/> }
}
