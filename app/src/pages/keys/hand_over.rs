//! `/keys/{key_id}/handover`: makes a link that gives the credentials of the one-time dialog to one person. The dialog stays
//! open beside it.

use leptos::prelude::*;
use sallyport::{
    handover::{Code, Handover},
    id::KeyId,
};

use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, InPage, handovers::hand_over},
    components::{ErrorSummary, HandOverOptions, Hidden, Notice, Secret, Tone},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse},
    words::utc,
};

pub async fn post(ui: Ui, caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    let text = |name: &str| form.value(name);
    let made = hand_over(key.clone(), text("sealed"), text("hours"), text("only_for"), text("passphrase"));
    match caller.run(made).await {
        Ok(InPage((handover, code))) => {
            let link = format!("{}/handover/{}", ui.context.public_url.trim_end_matches('/'), handover.id);
            Ok(ui.secret(Page::bare("Hand over by link", move || view! { <Made handover link code/> })))
        }
        Err(error) => {
            let form = refuse(form, error)?;
            Ok(ui.refused(Page::bare("Hand over by link", move || view! { <Again key form/> })))
        }
    }
}

#[component]
fn Made(handover: Handover, link: String, code: Code) -> impl IntoView {
    let whole = format!("{link}#{}", code.expose());
    let who = match (handover.is_for_one, handover.has_passphrase) {
        (true, true) => "the member you named, with the passphrase,",
        (true, false) => "the member you named",
        (false, true) => "whoever has it and the passphrase",
        (false, false) => "whoever has it",
    };
    view! {
        <h1 class="card-title">"Hand over by link"</h1>
        <p>{format!("The link opens the credentials once, for {who}, until {}.", utc(handover.expires_at))}</p>
        <Notice tone=Tone::Warning>
            <b>"This is the only time you’ll see it."</b>" Send it over a channel that you trust. Who opens it, and from where, is in the activity."
        </Notice>
        <Secret id="handover-link" label="Link" copy="Copy link" value=whole focused=true>
            "You can close this page: the dialog is still open."
        </Secret>
        <details class="disclosure">
            <summary>"Without JavaScript"</summary>
            <p class="muted">"The person opens the part before # and types the code that comes after it."</p>
        </details>
    }
}

/// The options of the dialog again, with what is wrong.
#[component]
fn Again(key: KeyId, form: FormState) -> impl IntoView {
    view! {
        <h1 class="card-title">"Hand over by link"</h1>
        <form method="post" action=format!("/keys/{key}/handover") novalidate class="stack" autocomplete="off">
            <ErrorSummary form=&form/>
            <Hidden name="sealed" value=form.value("sealed")/>
            <HandOverOptions form/>
            <button class="btn btn-primary btn-wide">"Hand over by link"</button>
            <SubmitOnce/>
        </form>
    }
}
