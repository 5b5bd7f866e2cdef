//! Where mail is off: the only response that contains the links of new invitations.

use leptos::prelude::*;

use crate::{
    acts::inviting::Sent,
    components::{CopyButton, Notice, Tone},
    islands::OnceGuard,
};

/// Shows the links to hand over. It is left by ticking the box and pressing *Done*, like the dialog of a new key.
#[component]
pub(super) fn Links(
    sent: Vec<Sent>,
    /// The address of the members.
    done: String,
) -> impl IntoView {
    let is_one = sent.len() == 1;
    let links = sent.into_iter().enumerate().filter_map(|(at, Sent { invitation, url })| {
        let (id, email, url) = (format!("link-{at}"), invitation.email, url?);
        let name = if is_one { "Copy link".to_owned() } else { format!("Copy link for {email}") };
        Some(view! {
            <div class="field">
                <label for=id.clone()>{email}</label>
                <div class="secret-row">
                    <input
                        id=id.clone() class="input mono" readonly autocomplete="off" spellcheck="false" value=url
                        autofocus=at == 0
                    />
                    <CopyButton name=name target=id label="Copy link"/>
                </div>
            </div>
        })
    });
    let links = links.collect_view();
    view! {
        <div class="backdrop backdrop-center">
            <dialog open class="modal modal-wide" aria-modal="true" aria-labelledby="dialog-title">
                <div class="dialog-head">
                    <h2 id="dialog-title">"Hand over the link"</h2>
                    <p>"This portal does not send mail. Each link works once, for 7 days."</p>
                </div>
                <div class="dialog-body">
                    <Notice tone=Tone::Warning>
                        <b>"This is the only time you’ll see it."</b>
                        " Give it to the person with this address and to nobody else: it opens the invitation without any other proof."
                    </Notice>
                    {links}
                </div>
                <form class="dialog-foot once-foot" method="get" action=done>
                    <label class="check"><input type="checkbox" required/>"I have copied what I need"</label>
                    <button class="btn btn-primary">"Done"</button>
                    <OnceGuard/>
                </form>
            </dialog>
            <p class="print-only">"Links are not printed. Copy them, and hand them over."</p>
        </div>
    }
}
