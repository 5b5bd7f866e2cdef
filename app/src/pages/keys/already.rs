//! The response to a form that was already sent: what it created, without the secrets.

use leptos::prelude::*;
use sallyport::id::KeyId;

use crate::components::{Modal, Notice, Tone};

#[component]
pub fn Already(key: KeyId, close: String) -> impl IntoView {
    let href = format!("/keys/{key}");
    let revoke = format!("{href}/revoke");
    view! {
        <Modal title="Already shown" close_href=close.clone()>
            <form method="post" action=revoke novalidate>
                <div class="stack">
                    <Notice tone=Tone::Warning>
                        "This form was already sent and created one key. Its secrets were shown in the first answer only."
                    </Notice>
                    <p>
                        "If you saved them, nothing is lost: "<a href=href>"open the key"</a>". If you did not, revoke it and \
                        generate another."
                    </p>
                    <input type="hidden" name="reason" value="Its secrets were not saved"/>
                    <input type="hidden" name="again" value="1"/>
                </div>
                <div class="dialog-foot">
                    <a class="btn" href=close>"Close"</a>
                    <button class="btn btn-danger">"Revoke and generate again"</button>
                </div>
            </form>
        </Modal>
    }
}

/// Shown for a form that rotates and was already sent, or was open while another person rotated.
#[component]
pub fn AlreadyRotated(
    /// What was rotated since.
    what: &'static str,
    /// What to do if the secret was not saved.
    advice: &'static str,
    /// Where that is done.
    again: String,
    close: String,
) -> impl IntoView {
    let said = format!(
        "This form was already sent, or {what} was rotated since it was opened. The new secret was shown in that answer only."
    );
    view! {
        <Modal title="Already shown" close_href=close.clone()>
            <Notice tone=Tone::Warning>{said}</Notice>
            <p>"If you saved it, nothing is lost. If not, "{advice}</p>
            <div class="dialog-foot">
                <a class="btn" href=close>"Close"</a>
                <a class="btn btn-primary" href=again>"Rotate again"</a>
            </div>
        </Modal>
    }
}
