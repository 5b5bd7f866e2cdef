//! `/report-a-leak`: anybody who has somebody else's whole key reports it.

use leptos::prelude::*;
use sallyport::leak::reported::LONGEST_PLACE;
use serde::Deserialize;

use crate::{
    acts::{Caller, leaks::report_leak},
    components::{ErrorSummary, LeadIcon, TextField},
    error::PageResult,
    form::FormState,
    icons::Icon,
    portal::Page,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

#[derive(Deserialize)]
pub struct ReportedQuery {
    /// The form was accepted.
    #[serde(default)]
    sent: Option<String>,
}

pub async fn get(ui: Ui, UrlQuery(query): UrlQuery<ReportedQuery>) -> PageResult {
    Ok(ui.ok(if query.sent.is_some() { thanks() } else { page(FormState::new()) }))
}

pub async fn post(ui: Ui, caller: Caller, Typed(form): Typed) -> PageResult {
    match caller.run(report_leak(form.value("key"), form.value("place"))).await {
        Ok(()) => Ok(see_other("/report-a-leak?sent=1")),
        Err(error) => {
            let wait = error.wait();
            // The key is not shown again: whether it were, would depend on what it is.
            let kept = FormState::typed([("place", form.value("place"))]);
            Ok(ui.refused_for(page(refuse(kept, error)?), wait))
        }
    }
}

fn page(form: FormState) -> Page {
    let most = u32::try_from(LONGEST_PLACE).ok();
    Page::bare("Report a leaked key", move || {
        view! {
            <h1 class="card-title">"Report a leaked key"</h1>
            <p class="card-sub">
                "Found an API key or token of this portal in the open? Paste the whole key. We tell its owner, who decided beforehand what happens to it."
            </p>
            <form method="post" action="/report-a-leak" class="stack" autocomplete="off">
                <ErrorSummary form=&form/>
                <TextField form=&form name="key" label="Key" hint="The whole key. It is neither stored nor shown to anybody." mono=true required=true autofocus=!form.is_refused()/>
                <TextField form=&form name="place" label="Where did you find it?" hint="Optional. A URL or a few words, for the key’s owner." maxlength=most.unwrap_or_default()/>
                <button class="btn btn-primary btn-wide">"Report"</button>
            </form>
        }
    })
}

/// The same whatever was reported.
fn thanks() -> Page {
    Page::bare("Thank you", || {
        view! {
            <LeadIcon icon=Icon::Check/>
            <h1 class="card-title">"Thank you"</h1>
            <p>"If this is a key of this portal, its owner has been told, and it may already be revoked."</p>
            <p class="hint">"We can’t say more here without revealing which keys exist."</p>
            <a class="btn btn-wide" href="/report-a-leak">"Report another"</a>
        }
    })
}
