use leptos::prelude::*;

use super::field::TextField;
use crate::form::FormState;

/// The field of a new password.
#[component]
pub fn NewPasswordField(
    #[prop(into)] form: FormState,
    #[prop(default = "new_password")] name: &'static str,
    #[prop(default = "New password")] label: &'static str,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    view! {
        <TextField
            form name label kind="password" autocomplete="new-password" autofocus
            hint="At least 12 characters. A few words in a row are easy to keep and hard to guess."
        />
    }
}

/// Whose password is asked for: password managers need it in the form.
#[component]
pub fn PasswordOf(email: String) -> impl IntoView {
    view! { <input type="text" name="email" autocomplete="username" value=email hidden/> }
}
