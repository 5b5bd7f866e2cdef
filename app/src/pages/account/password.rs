//! The form that changes the password. It asks for the one that is, as somebody may have left the browser open.

use std::time::Duration;

use axum::response::Response;
use leptos::prelude::*;
use sallyport::{
    Error, Invalid,
    identity::Proof,
    passwords::Match,
    request::Client,
    throttle::Who,
    user::{Password, User},
};

use crate::{
    access::SignedIn,
    attempts::wait_message,
    components::{Card, ErrorSummary, Hidden, TextField},
    context::Context,
    error::PageError,
    form::FormState,
    islands::SubmitOnce,
    pages::sign_in,
    session::Session,
    ui::refuse,
};

/// What became of the form.
pub(super) enum Outcome {
    Changed(Response),
    Refused(FormState),
    /// Asked too often; when to come again.
    TooMany(FormState, Duration),
}

/// Every session ends, also the one that asks; it gets another with another id, and goes on `to`.
pub(super) async fn change(
    context: &Context,
    client: &Client,
    me: &SignedIn,
    session: &Session,
    form: FormState,
    to: Response,
) -> Result<Outcome, PageError> {
    let new = match check(&form, &me.user) {
        Ok(new) => new,
        Err(invalid) => return Ok(Outcome::Refused(refuse(form, invalid.into())?)),
    };
    let attempt = match context.attempts.begin(Who::SignedIn, &me.user.email) {
        Ok(attempt) => attempt,
        Err(throttled) => {
            if throttled.tell {
                context.store.record_refused_password(&me.act(), &me.user, 429).await?;
            }
            let form = form.with_error("current_password", wait_message(throttled.wait));
            return Ok(Outcome::TooMany(form, throttled.wait));
        }
    };
    let done = async {
        let (_, kept) = context.store.user_to_sign_in(&me.user.email).await?.ok_or(Error::SignedOut)?;
        let typed = Password::typed(form.value("current_password"));
        if context.passwords.matches(Who::SignedIn.lane(), &typed, kept.as_deref()).await? == Match::No {
            context.store.record_refused_password(&me.act(), &me.user, 401).await?;
            return Ok(None);
        }
        let hash = context.passwords.hash(&new).await?;
        context.store.change_password(&me.act(), &me.user, hash.clone()).await?;
        Ok(Some(hash))
    };
    match done.await {
        Ok(Some(hash)) => {
            context.attempts.was_right(attempt);
            session.begin(context, client, &me.user, Proof::Password { hash: hash.clone() }).await?;
            Ok(Outcome::Changed(sign_in::known_here(context, &me.user, &hash, to)))
        }
        Ok(None) => {
            let refused = form.with_error("current_password", "This is not your password. Nothing was changed.");
            Ok(Outcome::Refused(refused))
        }
        Err(error) => {
            context.attempts.take_back(attempt);
            Ok(Outcome::Refused(refuse(form, error)?))
        }
    }
}

fn check(form: &FormState, user: &User) -> Result<Password, Invalid> {
    let (current, new) = (form.value("current_password"), form.value("new_password"));
    let mut invalid = Invalid::default();
    if current.is_empty() {
        invalid.push("current_password", "Enter the password that you have now.");
    }
    let password = Password::check(&new, &[&user.name, &user.email]).map_err(|mut refused| {
        refused.0.iter_mut().for_each(|error| error.field = "new_password");
        refused
    });
    let password = invalid.take(password);
    if new == current && invalid.0.is_empty() {
        invalid.push("new_password", "This is the password that you have now. Choose another.");
    }
    invalid.or(password)
}

/// The card of the account's page.
#[component]
pub(super) fn PasswordForm(form: FormState, email: String) -> impl IntoView {
    view! {
        <Card title="Password">
            <form method="post" action="/account" novalidate class="stack form">
                <ErrorSummary form=&form/>
                <Hidden name="do" value="password"/>
                <PasswordFields form email/>
                <div class="form-foot"><button class="btn btn-primary">"Change password"</button></div>
                <SubmitOnce/>
            </form>
        </Card>
    }
}

#[component]
pub(super) fn PasswordFields(form: FormState, email: String) -> impl IntoView {
    view! {
        // Password managers look for it, to know whose password changes.
        <input type="text" name="email" autocomplete="username" value=email hidden/>
        <TextField
            form=&form name="current_password" label="Current password" kind="password"
            autocomplete="current-password"
        />
        <TextField
            form=&form name="new_password" label="New password" kind="password" autocomplete="new-password"
            hint="At least 12 characters. A few words in a row are easy to keep and hard to guess. You are then signed out everywhere else."
        />
    }
}
