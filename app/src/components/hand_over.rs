use leptos::prelude::*;

use super::{Choice, SelectField, TextField};
use crate::form::FormState;

/// How a link that hands credentials over is protected.
#[component]
pub fn HandOverOptions(form: FormState) -> impl IntoView {
    // The usual time first.
    let hours = [("24", "24 hours"), ("1", "1 hour"), ("72", "72 hours")];
    let hours = hours.map(|(value, title)| Choice::new(value, title)).to_vec();
    view! {
        <SelectField form=&form name="hours" label="Valid for" options=hours/>
        <TextField form=&form name="only_for" label="Only for" kind="email" hint="The e-mail address of a member, who has to sign in. Empty: whoever has the link."/>
        <TextField form=&form name="passphrase" label="Passphrase" hint="At least 6 characters, told over another channel; five attempts. Empty: none."/>
    }
}

/// Asks for a link that hands the secrets of the one-time dialog over, which is shown beside the dialog.
#[component]
pub fn HandOver(action: String, sealed: String) -> impl IntoView {
    view! {
        <form class="hand-over" method="post" action=action target="_blank" autocomplete="off">
            <input type="hidden" name="sealed" value=sealed autocomplete="off"/>
            <button class="btn btn-small">"Hand over by link"</button>
            <details>
                <summary>"Options"</summary>
                <div class="stack"><HandOverOptions form=FormState::new()/></div>
            </details>
        </form>
    }
}
