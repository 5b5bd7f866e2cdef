//! `/account/passkeys/{passkey_id}/remove`: removes a passkey after a confirmation.

use leptos::prelude::*;
use sallyport::passkey::Passkey;

use crate::{
    access::OwnPasskey,
    acts::{Caller, passkeys::remove_passkey},
    components::{Modal, Notice, PanelFoot, Tone},
    error::PageResult,
    islands::SubmitOnce,
    pages::account::{changed_to, plain},
    ui::Ui,
};

pub async fn get(ui: Ui, access: OwnPasskey) -> PageResult {
    let factors = ui.context.store.second_factors(&access.me.user.id).await?;
    let is_last = factors.authenticator.is_none() && factors.passkeys == 1;
    let page = plain(&ui, &access.me).await?;
    Ok(ui.ok(page.with_dialog(move || view! { <Asking passkey=access.passkey is_last/> })))
}

pub async fn post(caller: Caller, access: OwnPasskey) -> PageResult {
    caller.run(remove_passkey(access.passkey.id)).await?;
    Ok(changed_to("passkey-removed"))
}

#[component]
fn Asking(passkey: Passkey, is_last: bool) -> impl IntoView {
    let close = format!("/account#remove-{}", passkey.id);
    let action = format!("/account/passkeys/{}/remove", passkey.id);
    let about = if is_last {
        "Whoever knows your password can then sign in with it alone. Your recovery codes end, too."
    } else {
        "It does not sign you in any more. You can delete it from your device as well."
    };
    view! {
        <Modal title="Remove this passkey?" sub=passkey.name close_href=close.clone()>
            <form method="post" action=action>
                <Notice tone=Tone::Danger>{about}</Notice>
                <PanelFoot cancel_href=close><button class="btn btn-danger" autofocus>"Remove passkey"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
