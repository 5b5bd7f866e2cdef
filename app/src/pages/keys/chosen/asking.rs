//! The question before selected keys are paused, revoked or extended.

use leptos::prelude::*;
use sallyport::{key::Key, place::Place};

use super::{super::list::ListSource, What};
use crate::{
    acts::chosen_keys::EXTENSIONS,
    components::{Choice, ErrorSummary, Hidden, Modal, Notice, PanelFoot, SelectField, TextField, Tone},
    form::FormState,
    islands::SubmitOnce,
    words::count,
};

/// What is asked.
pub(super) struct Asked {
    pub keys: Vec<Key>,
    pub what: What,
    /// The address of the list.
    pub back: String,
    pub action: String,
    pub source: ListSource,
    /// The place whose name is typed to confirm.
    pub typed: Option<Place>,
}

impl What {
    const fn warning(self, one: bool) -> (Tone, &'static str) {
        match self {
            Self::Revoke if one => (Tone::Danger, "Every request with it will be refused. This can’t be undone."),
            Self::Revoke => (Tone::Danger, "Every request with one of them will be refused. This can’t be undone."),
            Self::Extend if one => {
                (Tone::Warning, "It will be accepted longer than planned. The rules of the organization still apply.")
            }
            Self::Extend => {
                (Tone::Warning, "They will be accepted longer than planned. The rules of the organization still apply.")
            }
            _ if one => (Tone::Warning, "Every request with it will be refused (403) until it is resumed."),
            _ => (Tone::Warning, "Every request with one of them will be refused (403) until it is resumed."),
        }
    }
}

#[component]
pub(super) fn Asking(asked: Asked, form: FormState) -> impl IntoView {
    let Asked { keys, what, back, action, source, typed } = asked;
    let n = count(keys.len(), "key");
    let revoke = what == What::Revoke;
    let rows = keys.iter().map(|key| {
        view! { <li><b>{key.label.clone()}</b>" · "<span class="muted">{key.owner_name.clone()}</span>" · "<code>{key.shown.clone()}</code></li> }
    });
    let rows = rows.collect_view();
    let fields = keys.iter().map(|key| view! { <Hidden name="key" value=key.id.to_string()/> }).collect_view();
    let source = source.field().map(|(name, value)| view! { <Hidden name value/> });
    let (verb, (tone, warning)) = (what.verb(), what.warning(keys.len() == 1));
    let first = typed.is_none();
    let typed = typed.map(|place| {
        let hint = format!("Type “{}” to confirm.", place.name);
        view! {
            <TextField
                form=&form name="typed_name" label=format!("Name of the {}", place.kind.noun()) hint
                autocomplete="off" autofocus=!form.is_refused()
            />
        }
    });
    let days = (what == What::Extend).then(|| {
        let options = EXTENSIONS.into_iter().map(|(value, _, label)| Choice::new(value, label)).collect();
        view! { <SelectField form=&form name="days" label="New expiry" options/> }
    });
    view! {
        <Modal title=format!("{verb} {n}?") close_href=back.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone>{warning}</Notice>
                    <ul class="chosen-keys" tabindex="0">{rows}</ul>
                    <Hidden name="do" value=verb.to_lowercase()/>
                    {source}
                    {fields}
                    {days}
                    {typed}
                    {revoke.then(|| view! {
                        <TextField form=&form name="reason" label="Reason" hint="Optional. Shown in the activity log." autofocus=first && !form.is_refused()/>
                    })}
                </div>
                <PanelFoot cancel_href=back>
                    <button class=if revoke { "btn btn-danger" } else { "btn btn-primary" }>{format!("{verb} {n}")}</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
