//! Selected keys that are rotated, one after the other: the new secrets of each are shown once, in a dialog of their own, so
//! that no response contains those of several keys.

use leptos::prelude::*;
use sallyport::{Timestamp, key::Key};

use super::super::change::button::is_changeable;
use crate::{
    components::Modal,
    words::{Ago, Ahead, count},
};

#[component]
pub(super) fn RotateEach(
    keys: Vec<Key>,
    /// The address of the list.
    back: String,
    now: Timestamp,
) -> impl IntoView {
    let title = format!("Rotate {}", count(keys.len(), "key"));
    let rows = keys.into_iter().map(|key| {
        let href = format!("/keys/{}/rotate", key.id);
        let name = format!("Rotate {}", key.label);
        let state = match key.rotating_until(now) {
            Some(at) => view! { "is being rotated; its old secret ends "<Ahead at now/> }.into_any(),
            None if is_changeable(key.status(now)) => view! {
                "has had its secret since "<Ago at=key.secret_since now/>". "<a class="link" href=href>{name}</a>
            }
            .into_any(),
            None => "has ended".into_any(),
        };
        view! { <li><b>{key.label}</b>" "<span class="muted">{state}</span></li> }
    });
    let rows = rows.collect_view();
    view! {
        <Modal title close_href=back.clone()>
            <div class="stack">
                <p>"Rotate them one after the other: the new secrets of each are shown once. Save them, then come back here for the next key."</p>
                <ul class="chosen-keys" tabindex="0">{rows}</ul>
            </div>
            <div class="dialog-foot"><a class="btn" href=back>"Close"</a></div>
        </Modal>
    }
}
