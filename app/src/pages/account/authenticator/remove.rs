//! `/account/authenticator/remove`: removes the authenticator app after a confirmation.

use leptos::prelude::*;

use crate::{
    access::SignedIn,
    acts::{Caller, second_factor::remove_authenticator},
    components::{Modal, Notice, PanelFoot, Tone},
    error::PageResult,
    islands::SubmitOnce,
    pages::account::{changed_to, plain},
    ui::Ui,
};

pub async fn get(ui: Ui, me: SignedIn) -> PageResult {
    let is_last = ui.context.store.second_factors(&me.user.id).await?.passkeys == 0;
    Ok(ui.ok(plain(&ui, &me).await?.with_dialog(move || view! { <Asking is_last/> })))
}

pub async fn post(caller: Caller, _: SignedIn) -> PageResult {
    caller.run(remove_authenticator()).await?;
    Ok(changed_to("authenticator-removed"))
}

#[component]
fn Asking(is_last: bool) -> impl IntoView {
    let close = "/account#two-step";
    let about = if is_last {
        "Whoever knows your password can then sign in with it alone. Your recovery codes end, too."
    } else {
        "Your passkeys and your recovery codes stay."
    };
    view! {
        <Modal title="Remove the authenticator app?" sub="Two-step verification" close_href=close>
            <form method="post" action="/account/authenticator/remove">
                <Notice tone=Tone::Danger>{about}</Notice>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-danger" autofocus>"Remove authenticator app"</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
