//! `/account/recovery-codes`: replaces the recovery codes, and shows the new ones once.

pub mod file;

use leptos::prelude::*;
use sallyport::second_factor::RecoveryCode;

use super::plain;
use crate::{
    access::SignedIn,
    acts::{
        Caller, InPage,
        second_factor::{RECOVERY_FILE, renew_recovery_codes},
    },
    components::{Modal, Notice, PanelFoot, Tone},
    error::PageResult,
    islands::{OnceGuard, SubmitOnce},
    sealed_file::seal,
    ui::{Ui, see_other},
};

pub async fn get(ui: Ui, me: SignedIn) -> PageResult {
    if !ui.context.store.second_factors(&me.user.id).await?.are_on() {
        return Ok(see_other("/account/authenticator"));
    }
    Ok(ui.ok(plain(&ui, &me).await?.with_dialog(|| view! { <Asking/> })))
}

pub async fn post(ui: Ui, caller: Caller, me: SignedIn) -> PageResult {
    let InPage(codes) = caller.run(renew_recovery_codes()).await?;
    once(&ui, &me, &codes).await
}

#[component]
fn Asking() -> impl IntoView {
    let close = "/account#two-step";
    view! {
        <Modal title="Renew your recovery codes?" sub="Ten codes, each for one sign-in without the app or a passkey" close_href=close>
            <form method="post" action="/account/recovery-codes">
                <Notice tone=Tone::Warning>"The codes that you have now stop working."</Notice>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-primary" autofocus>"Renew recovery codes"</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}

/// The only response that contains recovery codes.
pub(super) async fn once(ui: &Ui, me: &SignedIn, codes: &[RecoveryCode]) -> PageResult {
    let codes: Vec<_> = codes.iter().map(RecoveryCode::text).collect();
    let (context, brand) = (&ui.context, &ui.context.store.profile().brand.name);
    let text = format!(
        "Recovery codes of {} for {brand} ({})\nEach works once, in place of a code of the authenticator app or a passkey.\n\n{}\n",
        me.user.email,
        context.public_url,
        codes.join("\n")
    );
    let sealed = seal(&context.store, &RECOVERY_FILE, &me.user.id, "recovery-codes.txt", &text);
    let page = plain(ui, me).await?.with_dialog(move || view! { <Once codes sealed/> });
    Ok(ui.secret(page))
}

#[component]
fn Once(codes: Vec<String>, sealed: String) -> impl IntoView {
    let codes = codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view();
    view! {
        <div class="backdrop backdrop-center">
            <dialog open class="modal modal-wide" aria-modal="true" aria-labelledby="dialog-title">
                <div class="dialog-head">
                    <h2 id="dialog-title">"Save your recovery codes"</h2>
                    <p>"With one of them you sign in when you do not have the authenticator app or a passkey"</p>
                </div>
                <div class="dialog-body">
                    <Notice tone=Tone::Warning>
                        <b>"This is the only time you’ll see them."</b>
                        " Keep them where you would find them without your phone. Each works once."
                    </Notice>
                    <ul aria-label="Recovery codes">{codes}</ul>
                </div>
                <form class="dialog-foot once-foot" method="get" action="/account">
                    <input type="hidden" name="changed" value="recovery-codes"/>
                    <label class="check"><input type="checkbox" required/>"I have saved these codes"</label>
                    <button class="btn" form="recovery-codes">"Download recovery codes"</button>
                    <button class="btn btn-primary">"Done"</button>
                    <OnceGuard/>
                </form>
                <form id="recovery-codes" method="post" action="/account/recovery-codes/file" autocomplete="off" hidden>
                    <input type="hidden" name="sealed" value=sealed autocomplete="off"/>
                </form>
            </dialog>
            <p class="print-only">"Secrets are not printed. Download the file, and print that."</p>
        </div>
    }
}
