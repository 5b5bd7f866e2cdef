//! `/account/password`: only the change of the password. A person with a password that an operator set is sent here
//! after signing in.

use leptos::prelude::*;
use sallyport::user::User;

use super::password::PasswordFields;
use crate::{
    access::JustSignedIn,
    acts::{Caller, account::change_password},
    components::ErrorSummary,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    pages::sign_in::with_device_cookie,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, JustSignedIn(me): JustSignedIn) -> PageResult {
    // Who signs in with an issuer alone has none to change: their account says so.
    if !ui.context.store.has_password(&me.user.id).await? {
        return Ok(see_other("/account"));
    }
    Ok(ui.ok(page(FormState::new(), me.user)))
}

pub async fn post(ui: Ui, caller: Caller, JustSignedIn(me): JustSignedIn, Typed(form): Typed) -> PageResult {
    match caller.run(change_password(form.value("current_password"), form.value("new_password"))).await {
        Ok(started) => Ok(with_device_cookie(started, see_other("/"))),
        Err(error) => {
            let wait = error.wait();
            Ok(ui.refused_for(page(refuse(form, error)?, me.user), wait))
        }
    }
}

fn page(form: FormState, user: User) -> Page {
    Page::bare("Choose a password", move || {
        let why = if user.must_change_password {
            "An operator of this portal set your password. Choose one that only you know to continue."
        } else {
            "You are then signed out everywhere else."
        };
        view! {
            <h1 class="card-title">"Choose a password"</h1>
            <p class="card-sub">{why}</p>
            <form method="post" action="/account/password" novalidate class="stack">
                <ErrorSummary form=&form/>
                <PasswordFields form email=user.email/>
                <button class="btn btn-primary btn-wide">"Change password"</button>
                <SubmitOnce/>
            </form>
            <form method="post" action="/sign-out"><button class="btn btn-wide">"Sign out"</button></form>
        }
    })
}
