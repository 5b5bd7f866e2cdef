//! `/admin/root-tokens/{token_id}/revoke`: revokes a root token after a confirmation.

use leptos::prelude::*;
use sallyport::root_token::RootToken;

use super::page;
use crate::{
    access::{Addressed, OperatedToken},
    acts::{Caller, admin::root_tokens::revoke_token},
    components::{Modal, Notice, PanelFoot, Tone},
    error::PageResult,
    islands::SubmitOnce,
    pages::admin::list::ListQuery,
    ui::{Ui, see_other},
};

pub async fn get(ui: Ui, access: OperatedToken) -> PageResult {
    let token = access.token;
    if token.revoked_at.is_some() {
        return Ok(see_other("/admin/root-tokens"));
    }
    let page = page(&ui, &access.me, ListQuery::default()).await?;
    Ok(ui.ok(page.with_dialog(move || view! { <Asking token/> })))
}

pub async fn post(caller: Caller, Addressed(id): Addressed<OperatedToken>) -> PageResult {
    caller.run(revoke_token(id)).await?;
    Ok(see_other("/admin/root-tokens?done=revoke"))
}

#[component]
fn Asking(token: RootToken) -> impl IntoView {
    let close = format!("/admin/root-tokens#revoke-{}", token.id);
    let action = format!("/admin/root-tokens/{}/revoke", token.id);
    view! {
        <Modal title="Revoke this root token?" sub=token.name close_href=close.clone()>
            <form method="post" action=action>
                <Notice tone=Tone::Danger>
                    "What calls the API with it stops working at once. This can’t be undone."
                </Notice>
                <PanelFoot cancel_href=close><button class="btn btn-danger" autofocus>"Revoke token"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
