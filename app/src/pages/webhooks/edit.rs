//! `/webhooks/{webhook_id}/edit`: changes an endpoint, and turns it on and off.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{id::WebhookId, webhook::Webhook};

use super::{fields::WebhookFields, show};
use crate::{
    access::{Addressed, WebhookAccess},
    acts::{Caller, webhooks::change_webhook},
    components::{CheckField, ErrorSummary, PanelFoot, SidePanel},
    context::Context,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: WebhookAccess) -> PageResult {
    let form = filled(&access.webhook);
    ask(&ui, &context, &access, form).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<WebhookAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(change_webhook(id.clone(), (&form).into())).await {
        Ok(()) => Ok(see_other(format!("/webhooks/{id}?done=saved"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<WebhookAccess>(&id).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

fn filled(webhook: &Webhook) -> FormState {
    let mut pairs = vec![
        ("url", webhook.url.clone()),
        ("environment", webhook.environment.clone()),
        ("description", webhook.description.clone()),
    ];
    pairs.extend(webhook.events.names().iter().map(|name| ("events", name.clone())));
    if webhook.active {
        pairs.push(("active", "on".to_owned()));
    }
    FormState::typed(pairs)
}

async fn ask(ui: &Ui, context: &Context, access: &WebhookAccess, form: FormState) -> PageResult {
    let (refused, id, profile) = (form.is_refused(), access.webhook.id.clone(), context.store.profile().clone());
    let dialog = move || {
        let fields = view! { <WebhookFields form=form.clone() profile=&profile/> };
        view! { <EditPanel id form>{fields}</EditPanel> }
    };
    show::page_with_dialog(ui, context, access, refused, dialog).await
}

#[component]
fn EditPanel(id: WebhookId, form: FormState, children: Children) -> impl IntoView {
    let (action, close) = (format!("/webhooks/{id}/edit"), format!("/webhooks/{id}#edit"));
    view! {
        <SidePanel title="Edit endpoint" sub="What waits is sent to the new address, too." close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    {children()}
                    <CheckField
                        form=&form name="active" label="Active" hint="What happens while it is off is not sent later."
                    />
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">"Save"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}
