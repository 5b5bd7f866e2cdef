//! The side panel, or for a single field the modal, of a form that changes a key, over the key's settings.

use leptos::prelude::*;
use sallyport::id::KeyId;

use crate::{
    components::{ErrorSummary, Modal, PanelFoot, SidePanel},
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
    /// In the middle: a panel is for a form that fills it.
    #[prop(optional)]
    modal: bool,
    children: Children,
) -> impl IntoView {
    let (action, close) = (format!("/keys/{key}/{at}"), format!("/keys/{key}/settings#{}", button.unwrap_or(at)));
    let cancel = close.clone();
    let content = move || {
        view! {
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    {children()}
                </div>
                <PanelFoot cancel_href=cancel>
                    <button class="btn btn-primary">{send}</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        }
    };
    if modal {
        view! { <Modal title sub close_href=close>{content()}</Modal> }.into_any()
    } else {
        view! { <SidePanel title sub close_href=close>{content()}</SidePanel> }.into_any()
    }
}
