use leptos::prelude::*;

use super::Hidden;

/// A button to use a passkey, as a form of its own. `public/passkey.js` asks the browser for it and fills in what it signed;
/// `purpose` is one of those of `/passkeys/options`. Without scripts the form is sent as it is, and the answer says why not.
#[component]
pub fn PasskeyButton(action: &'static str, purpose: &'static str, next: String) -> impl IntoView {
    view! {
        <form method="post" action=action class="stack" data-passkey=purpose data-options="/passkeys/options">
            <Hidden name="next" value=next/>
            <PasskeyFields/>
            <button class="btn btn-wide">"Use a passkey"</button>
        </form>
    }
}

/// What the script fills in: the answer, and what went wrong.
#[component]
pub fn PasskeyFields() -> impl IntoView {
    view! {
        <Hidden name="credential" value=""/>
        <p role="alert" class="field-error" hidden></p>
    }
}
