//! `/service-accounts/{service_account_id}/disable`: disables an account after a confirmation.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::service_account::ServiceAccount;

use super::show;
use crate::{
    access::{Addressed, ServiceAccountAccess},
    acts::{Caller, service_accounts::disable_service_account},
    components::{Modal, Notice, PanelFoot, Tone},
    context::Context,
    error::PageResult,
    islands::SubmitOnce,
    ui::{Ui, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: ServiceAccountAccess) -> PageResult {
    let account = access.account.clone();
    show::page_with_dialog(&ui, &context, &access, false, move || view! { <Asking account/> }).await
}

pub async fn post(caller: Caller, Addressed(id): Addressed<ServiceAccountAccess>) -> PageResult {
    caller.run(disable_service_account(id.clone())).await?;
    Ok(see_other(format!("/service-accounts/{id}?done=disabled")))
}

#[component]
fn Asking(account: ServiceAccount) -> impl IntoView {
    let page = format!("/service-accounts/{}", account.id);
    let (action, close) = (format!("{page}/disable"), format!("{page}#turn"));
    view! {
        <Modal title="Disable this service account?" sub=account.name close_href=close.clone()>
            <form method="post" action=action>
                <Notice tone=Tone::Warning>"Requests with its tokens are refused at once, until it is enabled again."</Notice>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-primary" autofocus>"Disable service account"</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
