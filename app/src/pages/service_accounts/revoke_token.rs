//! `/service-tokens/{service_token_id}/revoke`: revokes a token after a confirmation.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::service_account::ServiceToken;

use super::show;
use crate::{
    access::{Addressed, ServiceTokenAccess},
    acts::{Caller, service_accounts::revoke_service_token},
    components::{Modal, Notice, PanelFoot, Tone},
    context::Context,
    error::PageResult,
    islands::SubmitOnce,
    ui::{Ui, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: ServiceTokenAccess) -> PageResult {
    let token = access.token;
    show::page_with_dialog(&ui, &context, &access.within, false, move || view! { <Asking token/> }).await
}

pub async fn post(caller: Caller, Addressed(id): Addressed<ServiceTokenAccess>) -> PageResult {
    let account = caller.run(revoke_service_token(id)).await?;
    Ok(see_other(format!("/service-accounts/{account}?done=revoked")))
}

#[component]
fn Asking(token: ServiceToken) -> impl IntoView {
    let action = format!("/service-tokens/{}/revoke", token.id);
    // Returns to the button that opened it.
    let close = format!("/service-accounts/{}#revoke-{}", token.account_id, token.id);
    view! {
        <Modal title="Revoke this token?" sub=token.name close_href=close.clone()>
            <form method="post" action=action>
                <Notice tone=Tone::Danger>"What calls the API with it stops working at once. This can’t be undone."</Notice>
                <PanelFoot cancel_href=close><button class="btn btn-danger" autofocus>"Revoke token"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
