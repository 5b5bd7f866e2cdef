//! `/account/tokens/{personal_token_id}/revoke`: revokes a personal token after a confirmation, or signs out a command
//! line.

use leptos::prelude::*;
use sallyport::personal_token::{PersonalToken, TokenKind};

use crate::{
    access::OwnToken,
    acts::{Caller, personal_tokens::revoke_personal_token},
    components::{Modal, Notice, PanelFoot, Tone},
    error::PageResult,
    islands::SubmitOnce,
    pages::account::{changed_to, plain},
    ui::Ui,
};

pub async fn get(ui: Ui, access: OwnToken) -> PageResult {
    let token = access.token;
    let page = plain(&ui, &access.me).await?;
    Ok(ui.ok(page.with_dialog(move || view! { <Asking token/> })))
}

pub async fn post(caller: Caller, access: OwnToken) -> PageResult {
    let done = match access.token.kind {
        TokenKind::Created => "token",
        TokenKind::CommandLine => "command-line",
    };
    caller.run(revoke_personal_token(access.token.id)).await?;
    Ok(changed_to(done))
}

#[component]
fn Asking(token: PersonalToken) -> impl IntoView {
    let close = format!("/account#revoke-{}", token.id);
    let action = format!("/account/tokens/{}/revoke", token.id);
    let (title, about, button) = match token.kind {
        TokenKind::Created => (
            "Revoke this token?",
            "What calls the API with it stops working at once. This can’t be undone.",
            "Revoke token",
        ),
        TokenKind::CommandLine => {
            ("Sign out this command line?", "Its next command asks you to sign in again.", "Sign out")
        }
    };
    view! {
        <Modal title sub=token.name close_href=close.clone()>
            <form method="post" action=action>
                <Notice tone=Tone::Danger>{about}</Notice>
                <PanelFoot cancel_href=close><button class="btn btn-danger" autofocus>{button}</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
