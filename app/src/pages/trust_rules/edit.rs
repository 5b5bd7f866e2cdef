//! `/trust-rules/{trust_rule_id}/edit`: changes a rule.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::trust_rule::TrustRule;

use super::{
    fields::{RuleFields, filled},
    list,
};
use crate::{
    access::{Addressed, TrustRuleAccess},
    acts::{Caller, trust_rules::change_trust_rule},
    components::{ErrorSummary, PanelFoot, SidePanel},
    context::Context,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: TrustRuleAccess) -> PageResult {
    let form = filled(&access.rule);
    ask(&ui, &context, &access, form).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<TrustRuleAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(change_trust_rule(id.clone(), (&form).into())).await {
        Ok(app) => Ok(see_other(format!("/apps/{app}/trust-rules?done=saved"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<TrustRuleAccess>(&id).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

async fn ask(ui: &Ui, context: &Context, access: &TrustRuleAccess, form: FormState) -> PageResult {
    let page = list::page(ui, context, &access.within, None).await?;
    let (refused, rule, profile) = (form.is_refused(), access.rule.clone(), context.store.profile().clone());
    let page = page.with_dialog(move || {
        let fields = view! { <RuleFields form=form.clone() profile=&profile/> };
        view! { <EditPanel rule form>{fields}</EditPanel> }
    });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn EditPanel(rule: TrustRule, form: FormState, children: Children) -> impl IntoView {
    let action = format!("/trust-rules/{}/edit", rule.id);
    let close = format!("/apps/{}/trust-rules#edit-{}", rule.app_id, rule.id);
    let sub = "Keys that it gave are refused, unless only the name changes.";
    view! {
        <SidePanel title="Edit trust rule" sub close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    {children()}
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">"Save"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}
