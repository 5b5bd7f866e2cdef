//! `/apps/{app_id}/limits`: limits of an app's keys, instead of the plan's.

pub mod card;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::member::Permission;

use crate::{
    access::{Addressed, AppAccess},
    acts::{Caller, apps::limit_app},
    components::{ErrorSummary, Modal, PanelFoot},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    pages::{
        keys::restrictions::{LimitFields, typed_limits},
        settings,
    },
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: AppAccess) -> PageResult {
    access.org().needs(Permission::ManageApps)?;
    let form = FormState::typed(typed_limits(access.app.limits));
    Ok(ui.ok(page(&ui, &context, &access, form).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(app): Addressed<AppAccess>, Typed(form): Typed) -> PageResult {
    let limited = limit_app(app.clone(), form.value("limit_per_minute"), form.value("limit_per_day"));
    match caller.run(limited).await {
        Ok(()) => Ok(see_other(format!("/apps/{app}/settings?saved=1"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&app).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, form).await?))
        }
    }
}

async fn page(ui: &Ui, context: &Context, access: &AppAccess, form: FormState) -> Result<Page, PageError> {
    let page = settings::page(ui, context, access, None, false).await?;
    let action = format!("/apps/{}/limits", access.app.id);
    let plan = context.store.profile().plan(access.org().org.plan);
    let without = [plan.per_minute, plan.per_day].map(|limit| limit.map(u64::from));
    // Returns to the button that opened it.
    let close = format!("/apps/{}/settings#limits", access.app.id);
    Ok(page.with_dialog(move || {
        view! {
            <Modal title="Limits" sub="For each key of this app without limits of its own" close_href=close.clone()>
                <form method="post" action=action novalidate>
                    <div class="stack">
                        <ErrorSummary form=&form/>
                        <LimitFields form=&form whose="the plan’s" without/>
                    </div>
                    <PanelFoot cancel_href=close>
                        <button class="btn btn-primary">"Save"</button>
                    </PanelFoot>
                    <SubmitOnce/>
                </form>
            </Modal>
        }
    }))
}
