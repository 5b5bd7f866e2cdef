//! `/service-accounts/{service_account_id}/edit`: gives an account another name, or another role.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{id::ServiceAccountId, service_account::ServiceAccount};

use super::{
    fields::{AccountFields, Offered},
    show,
};
use crate::{
    access::{Addressed, ServiceAccountAccess},
    acts::{Caller, service_accounts::change_service_account},
    components::{ErrorSummary, PanelFoot, SidePanel},
    context::Context,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: ServiceAccountAccess) -> PageResult {
    let form = filled(&access.account);
    ask(&ui, &context, &access, form).await
}

pub async fn post(
    ui: Ui,
    caller: Caller,
    Addressed(id): Addressed<ServiceAccountAccess>,
    Typed(form): Typed,
) -> PageResult {
    match caller.run(change_service_account(id.clone(), (&form).into())).await {
        Ok(()) => Ok(see_other(format!("/service-accounts/{id}?done=saved"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<ServiceAccountAccess>(&id).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

fn filled(account: &ServiceAccount) -> FormState {
    let form = FormState::new().with_default("name", &account.name);
    match &account.role {
        Some(role) => form.with_default("place", &role.place_id).with_default("role", role.role.as_str()),
        None => form,
    }
}

async fn ask(ui: &Ui, context: &Context, access: &ServiceAccountAccess, form: FormState) -> PageResult {
    let offered = Offered::of(context, &access.within).await?;
    let (refused, id) = (form.is_refused(), access.account.id.clone());
    show::page_with_dialog(ui, context, access, refused, move || view! { <EditPanel id form offered/> }).await
}

const SUB: &str = "With less or the same, its tokens keep working. If it may do more afterwards, its tokens are revoked: who has one was \
    not trusted with that.";

#[component]
fn EditPanel(id: ServiceAccountId, form: FormState, offered: Offered) -> impl IntoView {
    let page = format!("/service-accounts/{id}");
    let (action, close) = (format!("{page}/edit"), format!("{page}#edit"));
    view! {
        <SidePanel title="Edit service account" sub=SUB close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <AccountFields form offered/>
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">"Save"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}
