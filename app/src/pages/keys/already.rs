//! The response to a form that was already sent: the key it created, without its secrets.

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
