//! What there is instead, where the profile has keys rotated by hand.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{key::Key, profile::Profile};

use super::super::generate::another;
use crate::components::{Modal, Step, StepList};

#[component]
pub fn ByHand(key: Key, profile: Arc<Profile>) -> impl IntoView {
    let (close, another) = (format!("/keys/{}", key.id), another(&profile, &key));
    let revoke = format!("{close}/revoke");
    let roll_out = if key.has_signing_secret {
        "Roll out both its secrets to your callers"
    } else {
        "Roll it out to your callers"
    };
    let steps = vec![Step::new("Generate a new key like this one"), Step::new(roll_out), Step::new("Revoke this key")];
    view! {
        <Modal title="Rotate key" sub=key.label close_href=close>
            <div class="stack">
                <p>"Keys are rotated by hand here. The new key has the same scopes and environment; this one works until you revoke it."</p>
                <StepList steps/>
            </div>
            <div class="dialog-foot">
                <a class="btn btn-danger-quiet" href=revoke>"Revoke"</a>
                <a class="btn btn-primary" href=another>"Generate like this one"</a>
            </div>
        </Modal>
    }
}
