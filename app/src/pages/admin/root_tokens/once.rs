//! The only response that contains a root token.

use leptos::prelude::*;
use sallyport::{key::PlainSecret, root_token::RootToken};

use crate::{
    components::{Notice, Secret, Tone},
    islands::OnceGuard,
};

/// Shows a new root token. It is left by ticking the box and pressing *Done*, like the dialog of a new key.
#[component]
pub(super) fn Once(token: RootToken, secret: PlainSecret) -> impl IntoView {
    view! {
        <div class="backdrop backdrop-center">
            <dialog open class="modal modal-wide" aria-modal="true" aria-labelledby="dialog-title">
                <div class="dialog-head">
                    <h2 id="dialog-title">"Save your token"</h2>
                    <p>{token.name}</p>
                </div>
                <div class="dialog-body">
                    <Notice tone=Tone::Warning>
                        <b>"This is the only time you’ll see it."</b>" Copy it into your secret manager."
                    </Notice>
                    <Secret
                        id="root-token" label="Root token" copy="Copy root token" value=secret.expose().to_owned()
                        first="root-token"
                    >
                        "Requests to the API send it as "<code>"Authorization: Bearer"</code>"."
                    </Secret>
                </div>
                <form class="dialog-foot once-foot" method="get" action="/admin/root-tokens">
                    <label class="check"><input type="checkbox" required/>"I have saved this token"</label>
                    <button class="btn btn-primary">"Done"</button>
                    <OnceGuard/>
                </form>
            </dialog>
            <p class="print-only">"Secrets are not printed. Save the token in your secret manager."</p>
        </div>
    }
}
