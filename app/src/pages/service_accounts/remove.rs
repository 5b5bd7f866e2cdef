//! `/service-accounts/{service_account_id}/remove`: removes an account after a confirmation.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::service_account::ServiceAccount;

use super::show;
use crate::{
    access::{Addressed, ServiceAccountAccess},
    acts::{Caller, service_accounts::remove_service_account},
    components::{ErrorSummary, Modal, Notice, PanelFoot, TextField, Tone},
    context::Context,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: ServiceAccountAccess) -> PageResult {
    ask(&ui, &context, &access, FormState::new()).await
}

pub async fn post(
    ui: Ui,
    caller: Caller,
    Addressed(id): Addressed<ServiceAccountAccess>,
    Typed(form): Typed,
) -> PageResult {
    match caller.run(remove_service_account(id.clone(), form.value("typed_name"))).await {
        Ok(org) => Ok(see_other(format!("/orgs/{org}/service-accounts?done=removed"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<ServiceAccountAccess>(&id).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

async fn ask(ui: &Ui, context: &Context, access: &ServiceAccountAccess, form: FormState) -> PageResult {
    let (refused, account) = (form.is_refused(), access.account.clone());
    show::page_with_dialog(ui, context, access, refused, move || view! { <Asking account form/> }).await
}

#[component]
fn Asking(account: ServiceAccount, form: FormState) -> impl IntoView {
    let page = format!("/service-accounts/{}", account.id);
    let (action, close) = (format!("{page}/remove"), format!("{page}#remove"));
    let name = account.name;
    view! {
        <Modal title="Remove this service account?" sub=name.clone() close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=Tone::Danger>
                        "Requests with its tokens are refused at once. What it made stays. This can’t be undone."
                    </Notice>
                    <TextField
                        form=&form name="typed_name" label="Name of the service account"
                        hint=format!("Type “{name}” to confirm.") autocomplete="off" autofocus=!form.is_refused()
                    />
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-danger">"Remove service account"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
