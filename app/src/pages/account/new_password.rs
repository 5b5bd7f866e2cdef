//! `/account/password`: another password, and nothing else on the page. Whoever signed in with one that an operator set is
//! sent here first.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::user::User;

use super::password::{Outcome, PasswordFields, change};
use crate::{
    access::JustSignedIn,
    components::ErrorSummary,
    context::Context,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    session::Session,
    ui::{Typed, Ui, see_other},
};

pub async fn get(ui: Ui, JustSignedIn(me): JustSignedIn) -> PageResult {
    Ok(ui.ok(page(FormState::new(), me.user)).await)
}

pub async fn post(
    ui: Ui,
    State(context): State<Context>,
    JustSignedIn(me): JustSignedIn,
    session: Session,
    Typed(form): Typed,
) -> PageResult {
    Ok(match change(&context, &ui.client, &me, &session, form, see_other("/")).await? {
        Outcome::Changed(answer) => answer,
        Outcome::Refused(form) => ui.refused(page(form, me.user)).await,
        Outcome::TooMany(form, wait) => ui.too_many(page(form, me.user), wait).await,
    })
}

fn page(form: FormState, user: User) -> Page {
    Page::bare("Choose a password", move || {
        let why = if user.must_change_password {
            "An operator of this portal set your password. Choose one that nobody else knows; then you can go on."
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
