//! `/sign-in/code`: the second step of a sign-in, for people who have a second factor.

use axum::http::HeaderMap;
use leptos::prelude::*;
use serde::Deserialize;

use crate::{
    acts::{ActError, Caller, sessions::sign_in_with_code},
    components::{ErrorSummary, Hidden, PasskeyButton, TextField},
    error::{PageError, PageResult},
    form::FormState,
    half_signed_in::HalfSignedIn,
    islands::SubmitOnce,
    pages::{passkey_options::usable, sign_in::signed_in, theme::local},
    passkey_challenge::AskedPasskey,
    portal::Page,
    sign_in_cookies::{Kept, without},
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
    let form = FormState::new().with_default("next", local(&query.next));
    Ok(ui.ok(page(&ui, &headers, form).await?))
}

/// What a passkey signed, if that form was sent; it may be empty.
pub fn answer_of_passkey(form: &FormState) -> Option<String> {
    form.values_of("credential").next().map(str::to_owned)
}

pub async fn post(ui: Ui, caller: Caller, headers: HeaderMap, Typed(form): Typed) -> PageResult {
    match caller.run(sign_in_with_code(form.value("code"), answer_of_passkey(&form))).await {
        Ok(started) => {
            let answer = signed_in(&ui, &headers, started, &form.value("next")).await;
            let answer = without(answer, HalfSignedIn::forget(&ui.context));
            Ok(without(answer, AskedPasskey::forget(&ui.context)))
        }
        // It began too long ago, or with another password.
        Err(ActError::Denied(PageError::SignIn { .. })) => {
            let next = form.value("next");
            let next: String = url::form_urlencoded::byte_serialize(local(&next).as_bytes()).collect();
            Ok(see_other(format!("/sign-in?next={next}")))
        }
        Err(error) => {
            let wait = error.wait();
            Ok(ui.refused_for(page(&ui, &headers, refuse(form, error)?).await?, wait))
        }
    }
}

async fn page(ui: &Ui, headers: &HeaderMap, form: FormState) -> Result<Page, PageError> {
    let (mut has_app, mut has_passkey) = (true, false);
    if let Some((_, user, _)) = HalfSignedIn::of(&ui.context, headers).await? {
        let store = &ui.context.store;
        has_app = store.second_factors(&user.id).await?.authenticator.is_some();
        if let Some(portal) = &ui.context.relying_party {
            has_passkey = !usable(store.passkeys_of(&user.id).await?, portal).is_empty();
        }
    }
    let about = match (has_app, has_passkey) {
        (true, false) => "Open your authenticator app. Without it, use a recovery code.",
        (true, true) => "Open your authenticator app, or use a passkey. Without both, use a recovery code.",
        (false, true) => "Use your passkey. Without it, use a recovery code.",
        (false, false) => "Your passkeys do not work at this address. Use a recovery code.",
    };
    Ok(Page::bare("Enter your code", move || {
        let hint = if has_app {
            "The six digits that the app shows, or a recovery code."
        } else {
            "One of your recovery codes."
        };
        let next = form.value("next");
        view! {
            <h1 class="card-title">"Enter your code"</h1>
            <p class="card-sub">{about}</p>
            <form method="post" action="/sign-in/code" novalidate class="stack">
                <ErrorSummary form=&form/>
                <Hidden name="next" value=next.clone()/>
                <CodeField form hint/>
                <button class="btn btn-primary btn-wide">"Sign in"</button>
                <p><a href="/sign-in">"Back to the sign-in"</a></p>
                <SubmitOnce/>
            </form>
            {has_passkey.then(|| view! { <PasskeyButton action="/sign-in/code" purpose="second-step" next/> })}
        }
    }))
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
