use leptos::prelude::*;
use sallyport::handover::{HOURS, SHORTEST, TRIES};

use super::{Choice, Hidden, SelectField, TextField};
use crate::{form::FormState, words::count};

/// The usual one of the times.
const USUAL: u64 = 24;

/// How a link that hands credentials over is protected.
#[component]
pub fn HandOverOptions(form: FormState) -> impl IntoView {
    // The usual time first.
    let others = HOURS.into_iter().filter(|hours| *hours != USUAL);
    let hours = std::iter::once(USUAL).chain(others).map(|hours| Choice::new(hours.to_string(), count(hours, "hour")));
    let hours = hours.collect();
    let passphrase = format!("Optional. At least {SHORTEST} characters; tell it another way. {TRIES} attempts.");
    view! {
        <SelectField form=&form name="hours" label="Valid for" options=hours/>
        <TextField form=&form name="only_for" label="Only for" kind="email" hint="Optional. A member’s e-mail address; they have to sign in."/>
        <TextField form=&form name="passphrase" label="Passphrase" hint=passphrase/>
    }
}

/// Asks for a link that hands the secrets of the one-time dialog over, which is shown beside the dialog.
#[component]
pub fn HandOver(action: String, sealed: String) -> impl IntoView {
    view! {
        <form class="actions hand-over" method="post" action=action target="_blank" autocomplete="off">
            <Hidden name="sealed" value=sealed/>
            // Open options stand above the button that they change.
            <details class="disclosure">
                <summary>"Link options"</summary>
                <div class="stack"><HandOverOptions form=FormState::new()/></div>
            </details>
            <button class="btn">"Hand over by link"</button>
        </form>
    }
}
