//! `/orgs/{org_id}/service-accounts/new`: makes a service account.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{id::OrgId, member::Permission};

use super::{
    fields::{AccountFields, Offered, begun},
    list,
};
use crate::{
    access::{Addressed, OrgAccess},
    acts::{Caller, service_accounts::create_service_account},
    components::{ErrorSummary, PanelFoot, SidePanel},
    context::Context,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: OrgAccess) -> PageResult {
    access.needs_somewhere(Permission::ManageMembers)?;
    let form = begun(&Offered::of(&context, &access).await?);
    ask(&ui, &context, &access, form).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(org): Addressed<OrgAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(create_service_account(org.clone(), (&form).into())).await {
        Ok(account) => Ok(see_other(format!("/service-accounts/{account}?done=created"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<OrgAccess>(&org).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

async fn ask(ui: &Ui, context: &Context, access: &OrgAccess, form: FormState) -> PageResult {
    let (page, offered) = (list::page(ui, context, access, None).await?, Offered::of(context, access).await?);
    let (refused, org) = (form.is_refused(), access.org.id.clone());
    let page = page.with_dialog(move || view! { <NewPanel org form offered/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn NewPanel(org: OrgId, form: FormState, offered: Offered) -> impl IntoView {
    let list = format!("/orgs/{org}/service-accounts");
    let (action, close) = (format!("{list}/new"), format!("{list}#new-account"));
    view! {
        <SidePanel title="New service account" sub="It can do nothing before you make a token for it." close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <AccountFields form offered/>
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">"Create service account"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}
