//! `/account/link`: links a sign-in with an issuer to the account with its e-mail address, after its owner signed in as before.

use axum::http::header;
use leptos::prelude::*;

use crate::{
    access::SignedIn,
    acts::{
        Caller, InPage,
        single_sign_on::{Linkable, link_sign_in, sign_in_to_link},
    },
    components::ErrorSummary,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    sign_in_cookies::{Kept, PendingLink},
    ui::{Ui, refuse, see_other},
};

pub async fn get(ui: Ui, caller: Caller, _me: SignedIn) -> PageResult {
    let InPage(waiting) = caller.run(sign_in_to_link()).await?;
    Ok(waiting.map_or_else(|| see_other("/account"), |link| ui.ok(page(link, FormState::new()))))
}

pub async fn post(ui: Ui, caller: Caller, _me: SignedIn) -> PageResult {
    let InPage(waiting) = caller.run(sign_in_to_link()).await?;
    let Some(link) = waiting else { return Ok(see_other("/account")) };
    match caller.run(link_sign_in()).await {
        Ok(()) => {
            let mut response = see_other("/account?changed=linked");
            if let Some(cookie) = PendingLink::forget(&ui.context) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(error) => Ok(ui.refused(page(link, refuse(FormState::new(), error)?))),
    }
}

fn page(Linkable { issuer, email }: Linkable, form: FormState) -> Page {
    Page::bare(format!("Link {issuer}"), move || {
        let title = format!("Link {issuer}");
        view! {
            <h1 class="card-title">{title.clone()}</h1>
            <p class="card-sub">
                {format!("{issuer} says that you are ")}<b>{email}</b>
                {format!(". Once it is linked, you can sign in to this account with {issuer}.")}
            </p>
            <form method="post" action="/account/link" class="stack">
                <ErrorSummary form=&form/>
                <button class="btn btn-primary btn-wide">{title}</button>
                <p><a href="/">"Go on without linking"</a></p>
                <SubmitOnce/>
            </form>
        }
    })
}
