//! `/account/confirm`: a person confirms that it is them before an act that needs a fresh sign-in, and then goes back to it.

use axum::{
    http::{HeaderMap, header},
    response::Response,
};
use leptos::prelude::*;
use serde::Deserialize;

use crate::{
    access::{JustSignedIn, SignedIn},
    acts::{Caller, second_factor::confirm_sign_in},
    components::{ErrorSummary, Hidden, PasskeyButton, PasswordOf, TextField},
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    pages::{
        passkey_options::usable,
        sign_in::{
            ContinueWith,
            code::{CodeField, answer_of_passkey},
            form_again,
        },
        theme::local,
    },
    passkey_challenge::AskedPasskey,
    portal::Page,
    resumed::{CONFIRMED, Resumed},
    routes::page_at,
    sign_in_cookies::{Kept, without},
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

#[derive(Deserialize)]
pub struct ConfirmQuery {
    #[serde(default)]
    next: String,
}

pub async fn get(ui: Ui, JustSignedIn(me): JustSignedIn, UrlQuery(query): UrlQuery<ConfirmQuery>) -> PageResult {
    let form = FormState::new().with_default("next", local(&query.next));
    Ok(ui.ok(page(&ui, &me, form).await?))
}

pub async fn post(
    ui: Ui,
    caller: Caller,
    JustSignedIn(me): JustSignedIn,
    headers: HeaderMap,
    Typed(form): Typed,
) -> PageResult {
    match caller.run(confirm_sign_in(form.value("password"), form.value("code"), answer_of_passkey(&form))).await {
        Ok(()) => {
            let answer = back(&ui, &headers, local(&form.value("next")));
            Ok(without(answer, AskedPasskey::forget(&ui.context)))
        }
        Err(error) => {
            let wait = error.wait();
            let page = page(&ui, &me, refuse(form, error)?).await?;
            Ok(ui.refused_for(page, wait))
        }
    }
}

/// The form that was sent before, filled in as it was, or the page.
fn back(ui: &Ui, headers: &HeaderMap, next: &str) -> Response {
    match Resumed::of(&ui.context, headers).filter(|resumed| page_at(&resumed.path) == next) {
        Some(resumed) => form_again(ui, resumed, "Thank you", CONFIRMED),
        None => {
            let mut answer = see_other(next);
            if let Some(cookie) = Resumed::forget(&ui.context) {
                answer.headers_mut().append(header::SET_COOKIE, cookie);
            }
            answer
        }
    }
}

async fn page(ui: &Ui, me: &SignedIn, form: FormState) -> Result<Page, PageError> {
    let store = &ui.context.store;
    let has_factor = store.second_factors(&me.user.id).await?.are_on();
    let has_password = store.has_password(&me.user.id).await?;
    let has_passkey = match &ui.context.relying_party {
        Some(portal) => !usable(store.passkeys_of(&me.user.id).await?, portal).is_empty(),
        None => false,
    };
    let linked = store.identities_of(&me.user.id).await?;
    let mut issuers = ui.context.single_sign_on.issuers().to_vec();
    issuers.retain(|issuer| linked.iter().any(|identity| identity.provider == issuer.url));
    let email = me.user.email.clone();
    Ok(Page::bare("Confirm that it’s you", move || {
        let next = local(&form.value("next")).to_owned();
        let field = if has_factor {
            view! { <CodeField form=form.clone()/> }.into_any()
        } else {
            view! {
                <PasswordOf email/>
                <TextField
                    form=&form name="password" label="Password" kind="password" autocomplete="current-password"
                    autofocus=!form.is_refused()
                />
            }
            .into_any()
        };
        let by_form = (has_factor || has_password).then(|| {
            view! {
                <form method="post" action="/account/confirm" novalidate class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="next" value=next.clone()/>
                    {field}
                    <button class="btn btn-primary btn-wide">"Confirm"</button>
                    <SubmitOnce/>
                </form>
            }
        });
        view! {
            <h1 class="card-title">"Confirm that it’s you"</h1>
            <p class="card-sub">"Your sign-in was a while ago. What you want to do needs a fresh one, for ten minutes."</p>
            {by_form}
            {has_passkey.then(|| view! {
                <PasskeyButton action="/account/confirm" purpose="confirm" next=next.clone()/>
            })}
            <ContinueWith issuers next=next.clone() again=true/>
            <p><a href=next>"Back without confirming"</a></p>
        }
    }))
}
