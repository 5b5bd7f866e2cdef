//! `/webhooks/{webhook_id}/secret`: another secret, or the first one, shown once.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::webhook::{Webhook, WebhookSecret};

use super::{deliveries::DeliveryQuery, show};
use crate::{
    access::{Addressed, WebhookAccess},
    acts::{
        Caller, InPage,
        webhooks::{GRACES, change_webhook_secret},
    },
    components::{Choice, ErrorSummary, Hidden, Modal, OnceTokenDialog, PanelFoot, SelectField},
    context::Context,
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: WebhookAccess) -> PageResult {
    ask(&ui, &context, &access, FormState::new().with_default("grace", "none")).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<WebhookAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(change_webhook_secret(id.clone(), form.value("seen"), form.value("grace"))).await {
        Ok(InPage((webhook, secret))) => {
            // The secret is only in this response: it is shown even if the page behind it can't be.
            let page = match caller.access::<WebhookAccess>(&id).await {
                Ok(access) => show::page(&ui, &ui.context, &access, DeliveryQuery::default(), FormState::new()).await,
                Err(error) => Err(error),
            };
            let page = page.unwrap_or_else(|_| Page::bare("Webhooks", || ()));
            Ok(ui.secret(page.with_dialog(move || view! { <Once webhook secret/> })))
        }
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
    let close = format!("/webhooks/{}", webhook.id);
    let action = format!("{close}/secret");
    let first = !webhook.has_secret;
    let title = if first { "Generate secret" } else { "Regenerate secret" };
    let graces = GRACES.into_iter().map(|(value, _, label)| Choice::new(value, label)).collect();
    let hint = "For so long, deliveries have the signatures of both. If the old one leaked, choose none.";
    view! {
        <Modal title sub=webhook.host() close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="seen" value=webhook.secret_n.to_string()/>
                    <p class="muted">"It signs what is sent to this endpoint. It is shown once."</p>
                    {(!first).then(|| view! {
                        <SelectField
                            form=&form name="grace" label="Old secret signs, too" options=graces hint
                            autofocus=!form.is_refused()
                        />
                    })}
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">{title}</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}

/// The only response that contains it.
#[component]
pub(super) fn Once(webhook: Webhook, secret: WebhookSecret) -> impl IntoView {
    view! {
        <OnceTokenDialog
            title="Save your secret" saved="I have saved this secret" name=webhook.host() id="webhook-secret"
            label="Signing secret" copy="Copy signing secret" secret=secret.expose()
            done_href=format!("/webhooks/{}", webhook.id)
        >
            "Your server checks with it that a delivery comes from here (Standard Webhooks)."
        </OnceTokenDialog>
    }
}
