//! `/apps/{app_id}/trust-rules/new`: makes a rule.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::id::AppId;

use super::{
    fields::{RuleFields, begun},
    list,
};
use crate::{
    access::{Addressed, AppAccess},
    acts::{Caller, trust_rules::create_trust_rule},
    components::{ErrorSummary, Hidden, PanelFoot, SidePanel},
    context::Context,
    error::PageResult,
    form::FormState,
    form_token,
    islands::SubmitOnce,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

#[derive(serde::Deserialize)]
pub struct ServiceQuery {
    /// The CI service for which the form is filled in.
    #[serde(default, rename = "for")]
    service: String,
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: AppAccess,
    UrlQuery(query): UrlQuery<ServiceQuery>,
) -> PageResult {
    let form = begun(&query.service, &context.public_url);
    ask(&ui, &context, &access, form).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(app): Addressed<AppAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(create_trust_rule(app.clone(), (&form).into())).await {
        Ok(_) => Ok(see_other(format!("/apps/{app}/trust-rules?done=created"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<AppAccess>(&app).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

async fn ask(ui: &Ui, context: &Context, access: &AppAccess, form: FormState) -> PageResult {
    let store = &context.store;
    let page = list::page(ui, context, access, None).await?;
    let token = form_token::mint(store.vault(), store.entropy(), &access.org().me.user.id, store.now());
    let (refused, app, profile) = (form.is_refused(), access.app.id.clone(), store.profile().clone());
    let page = page.with_dialog(move || {
        let fields = view! { <RuleFields form=form.clone() profile=&profile/> };
        view! { <NewPanel app form token>{fields}</NewPanel> }
    });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn NewPanel(app: AppId, form: FormState, token: String, children: Children) -> impl IntoView {
    let list = format!("/apps/{app}/trust-rules");
    let (action, cancel) = (format!("{list}/new"), format!("{list}#new-rule"));
    view! {
        <SidePanel title="New trust rule" sub="Jobs that it trusts get keys from now on." close_href=cancel.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="form_token" value=token/>
                    {children()}
                </div>
                <PanelFoot cancel_href=cancel><button class="btn btn-primary">"Create rule"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}
