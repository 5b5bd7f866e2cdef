//! The form that changes the password. It requires the current one, because the browser may have been left open.

use leptos::prelude::*;

use crate::{
    components::{ErrorSummary, Hidden, NewPasswordField, PasswordOf, Setting, TextField},
    form::FormState,
    islands::SubmitOnce,
};

/// A card on the account's page.
#[component]
pub(super) fn PasswordForm(form: FormState, email: String) -> impl IntoView {
    view! {
        <Setting title="Password" about=|| "Change it when somebody may have seen it. You are then signed out everywhere else.">
            <form method="post" action="/account" novalidate class="stack form">
                <ErrorSummary form=&form/>
                <Hidden name="do" value="password"/>
                <PasswordFields form email/>
                <div class="form-foot"><button class="btn">"Change password"</button></div>
                <SubmitOnce/>
            </form>
        </Setting>
    }
}

/// The same for people who sign in with an issuer alone.
#[component]
pub(super) fn NoPassword(form: FormState) -> impl IntoView {
    view! {
        <Setting title="Password" about=|| "You have none: you sign in with an issuer.">
            <ErrorSummary form=&form/>
            <p class="muted">"If you want one, ask an operator of this portal."</p>
        </Setting>
    }
}

#[component]
pub(super) fn PasswordFields(form: FormState, email: String) -> impl IntoView {
    view! {
        <PasswordOf email/>
        <TextField
            form=&form name="current_password" label="Current password" kind="password"
            autocomplete="current-password"
        />
        <NewPasswordField form/>
    }
}
