//! `/orgs/{org_id}/webhooks/new`: makes an endpoint, and shows its secret once.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{id::OrgId, member::Permission};

use super::{deliveries::DeliveryQuery, fields::WebhookFields, list, secret::Once};
use crate::{
    access::{Addressed, OrgAccess},
    acts::{Caller, InPage, webhooks::create_webhook},
    components::{CheckField, ErrorSummary, Hidden, PanelFoot, SidePanel},
    context::Context,
    error::PageResult,
    form::FormState,
    form_token,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: OrgAccess) -> PageResult {
    access.needs(Permission::ManageWebhooks)?;
    let form = FormState::new().with_default("events", "*").with_default("secret", "on");
    ask(&ui, &context, &access, form).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(org): Addressed<OrgAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(create_webhook(org.clone(), (&form).into())).await {
        Ok(InPage((webhook, None))) => Ok(see_other(format!("/webhooks/{}?done=created", webhook.id))),
        Ok(InPage((webhook, Some(secret)))) => {
            // The secret is only in this response: it is shown even if the page behind it can't be.
            let page = match caller.access::<OrgAccess>(&org).await {
                Ok(access) => list::page(&ui, &ui.context, &access, DeliveryQuery::default()).await,
                Err(error) => Err(error),
            };
            let page = page.unwrap_or_else(|_| Page::bare("Webhooks", || ()));
            Ok(ui.secret(page.with_dialog(move || view! { <Once webhook secret/> })))
        }
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<OrgAccess>(&org).await?);
            ask(&ui, &ui.context, &access, form).await
        }
    }
}

async fn ask(ui: &Ui, context: &Context, access: &OrgAccess, form: FormState) -> PageResult {
    let store = &context.store;
    let token = form_token::mint(store.vault(), store.entropy(), &access.me.user.id, store.now());
    let page = list::page(ui, context, access, DeliveryQuery::default()).await?;
    let (refused, org, profile) = (form.is_refused(), access.org.id.clone(), store.profile().clone());
    let page = page.with_dialog(move || {
        let fields = view! { <WebhookFields form=form.clone() profile=&profile/> };
        view! { <NewPanel org form token>{fields}</NewPanel> }
    });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn NewPanel(org: OrgId, form: FormState, token: String, children: Children) -> impl IntoView {
    let close = format!("/orgs/{org}/webhooks");
    let (action, cancel) = (format!("{close}/new"), format!("{close}#new-endpoint"));
    view! {
        <SidePanel title="New endpoint" sub="It gets what happens from now on." close_href=cancel.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="form_token" value=token/>
                    {children()}
                    <CheckField
                        form=&form name="secret" label="Generate the signing secret now"
                        hint="It is shown once. Without a secret nothing is sent."
                    />
                </div>
                <PanelFoot cancel_href=cancel><button class="btn btn-primary">"Create endpoint"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}
