//! The side panel of a form that changes a key, over the key's settings.

use leptos::prelude::*;
use sallyport::id::KeyId;

use crate::{
    components::{ErrorSummary, PanelFoot, SidePanel},
    form::FormState,
    islands::SubmitOnce,
};

#[component]
pub fn KeyPanel(
    key: KeyId,
    /// The address of the form, after the key's.
    at: &'static str,
    /// The id of the button that opens it, which gets the focus when it is closed. The default is `at`.
    #[prop(optional)]
    button: Option<&'static str>,
    #[prop(into)] title: String,
    #[prop(into)] sub: String,
    #[prop(into)] form: FormState,
    /// The label of the submit button.
    #[prop(default = "Save")]
    send: &'static str,
    children: Children,
) -> impl IntoView {
    let (action, close) = (format!("/keys/{key}/{at}"), format!("/keys/{key}/settings#{}", button.unwrap_or(at)));
    view! {
        <SidePanel title sub close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    {children()}
                </div>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-primary">{send}</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}
