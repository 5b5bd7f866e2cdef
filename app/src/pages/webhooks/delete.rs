//! `/webhooks/{webhook_id}/delete`: deletes an endpoint after the name of its host was typed.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::webhook::Webhook;

use super::show;
use crate::{
    access::{Addressed, WebhookAccess},
    acts::{Caller, webhooks::delete_webhook},
    components::{ErrorSummary, Modal, Notice, PanelFoot, TextField, Tone},
    context::Context,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: WebhookAccess) -> PageResult {
    ask(&ui, &context, &access, FormState::new()).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<WebhookAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(delete_webhook(id.clone(), form.value("typed_name"))).await {
        Ok(org) => Ok(see_other(format!("/orgs/{org}/webhooks?done=deleted"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<WebhookAccess>(&id).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

async fn ask(ui: &Ui, context: &Context, access: &WebhookAccess, form: FormState) -> PageResult {
    let (refused, webhook) = (form.is_refused(), access.webhook.clone());
    show::page_with_dialog(ui, context, access, refused, move || view! { <Asking webhook form/> }).await
}

#[component]
fn Asking(webhook: Webhook, form: FormState) -> impl IntoView {
    let close = format!("/webhooks/{}#delete", webhook.id);
    let (action, host) = (format!("/webhooks/{}/delete", webhook.id), webhook.host());
    view! {
        <Modal title="Delete this endpoint?" sub=host.clone() close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=Tone::Danger>"Nothing is sent to it any more, and its deliveries are deleted. This can’t be undone."</Notice>
                    <TextField
                        form=&form name="typed_name" label="Host of the endpoint" hint=format!("Type “{host}” to confirm.")
                        autocomplete="off" autofocus=!form.is_refused()
                    />
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-danger">"Delete endpoint"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
