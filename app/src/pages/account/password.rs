//! The form that changes the password. It requires the current one, because the browser may have been left open.

use leptos::prelude::*;

use crate::{
    components::{Card, ErrorSummary, Hidden, TextField},
    form::FormState,
    islands::SubmitOnce,
};

/// A card on the account's page.
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
        // Password managers need it to know whose password changes.
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
