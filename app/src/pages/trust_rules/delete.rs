//! `/trust-rules/{trust_rule_id}/delete`: deletes a rule after a confirmation.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::trust_rule::TrustRule;

use super::list;
use crate::{
    access::{Addressed, TrustRuleAccess},
    acts::{Caller, trust_rules::delete_trust_rule},
    components::{ErrorSummary, Modal, Notice, PanelFoot, TextField, Tone},
    context::Context,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: TrustRuleAccess) -> PageResult {
    ask(&ui, &context, &access, FormState::new()).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<TrustRuleAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(delete_trust_rule(id.clone(), form.value("typed_name"))).await {
        Ok(app) => Ok(see_other(format!("/apps/{app}/trust-rules?done=deleted"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<TrustRuleAccess>(&id).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

async fn ask(ui: &Ui, context: &Context, access: &TrustRuleAccess, form: FormState) -> PageResult {
    let page = list::page(ui, context, &access.within, None).await?;
    let (refused, rule) = (form.is_refused(), access.rule.clone());
    let page = page.with_dialog(move || view! { <Asking rule form/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn Asking(rule: TrustRule, form: FormState) -> impl IntoView {
    let action = format!("/trust-rules/{}/delete", rule.id);
    // Returns to the button that opened it.
    let close = format!("/apps/{}/trust-rules#delete-{}", rule.app_id, rule.id);
    let name = rule.name;
    view! {
        <Modal title="Delete this trust rule?" sub=name.clone() close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=Tone::Danger>"Keys that it gave are refused at once, and its jobs get no more. This can’t be undone."</Notice>
                    <TextField
                        form=&form name="typed_name" label="Name of the rule" hint=format!("Type “{name}” to confirm.")
                        autocomplete="off" autofocus=!form.is_refused()
                    />
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-danger">"Delete rule"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
