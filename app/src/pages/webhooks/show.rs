//! `/webhooks/{webhook_id}`: an endpoint, and what was sent to it.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{Timestamp, profile::Profile, store::DeliveryFilter, webhook::Webhook};

use super::{
    chrome,
    deliveries::{Deliveries, DeliveryQuery},
    list::Buttons,
    status::{WebhookBadge, environment, events},
    told,
};
use crate::{
    access::WebhookAccess,
    components::{Card, DoneNotice, ErrorSummary, Fact, FactRows, PageHead, TextField},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::{Crumb, Page},
    ui::{Ui, UrlQuery},
    words::{Ago, ahead},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: WebhookAccess,
    UrlQuery(query): UrlQuery<DeliveryQuery>,
) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access, query, FormState::new()).await?))
}

/// The page with a dialog over it, whose form is sent or was refused.
pub(super) async fn page_with_dialog<V: IntoView + 'static>(
    ui: &Ui,
    context: &Context,
    access: &WebhookAccess,
    is_refused: bool,
    dialog: impl FnOnce() -> V + Send + 'static,
) -> PageResult {
    let page = page(ui, context, access, DeliveryQuery::default(), FormState::new()).await?.with_dialog(dialog);
    Ok(if is_refused { ui.refused(page) } else { ui.ok(page) })
}

/// Also behind its dialogs, and with what was wrong about a form on it.
pub(super) async fn page(
    ui: &Ui,
    context: &Context,
    access: &WebhookAccess,
    query: DeliveryQuery,
    form: FormState,
) -> Result<Page, PageError> {
    let (store, webhook) = (&context.store, access.webhook.clone());
    let mut chrome = chrome(ui, &access.within).await?;
    chrome.crumbs.push(Crumb::here(webhook.host()));
    let (filter, paging) = query.filter()?;
    let filter = DeliveryFilter { webhook: Some(&webhook.id), ..filter };
    let deliveries = store.deliveries(&webhook.org_id, filter, &paging).await?;
    let (profile, now) = (store.profile().clone(), store.now());
    Ok(Page::framed(format!("Webhook · {}", webhook.host()), chrome, move || {
        let path = format!("/webhooks/{}", webhook.id);
        let (shown, badge, buttons) = (webhook.clone(), webhook.clone(), webhook.clone());
        let (edit, delete) = (format!("{path}/edit"), format!("{path}/delete"));
        let facts = view! { <WebhookFacts webhook=shown profile=&profile now/> };
        view! {
            <PageHead
                title=webhook.host()
                sub=move || view! { <span><WebhookBadge webhook=badge/></span> }
                actions=move || view! {
                    <a id="edit" class="btn" href=edit>"Edit"</a>
                    <a id="delete" class="btn btn-danger-quiet" href=delete>"Delete"</a>
                }
            />
            <DoneNotice text=told(&query.done)/>
            <ErrorSummary form=&form/>
            <div class="columns">
                <Card title="Endpoint"><div class="stack">{facts}<Buttons webhook=buttons/></div></Card>
                <section class="section">
                    <h2 class="section-title">"Deliveries"</h2>
                    <Deliveries path=path.clone() query=query.clone() page=deliveries now/>
                </section>
                <Card title="Resend what failed">
                    <form method="post" action=format!("{path}/resend-failed") novalidate class="stack">
                        <TextField
                            form=&form name="since" label="Since" kind="date"
                            hint="Deliveries that are not tried any more, made on that day (UTC) or later."
                        />
                        <div><button class="btn">"Resend all failed"</button></div>
                        <SubmitOnce/>
                    </form>
                </Card>
            </div>
        }
    }))
}

#[component]
fn WebhookFacts<'a>(webhook: Webhook, profile: &'a Profile, now: Timestamp) -> impl IntoView + use<> {
    let (environment, events) = (environment(&webhook, profile), events(&webhook));
    let previous = webhook.previous_until.filter(|until| now < *until);
    let secret = match (webhook.has_secret, previous) {
        (false, _) => "None: nothing is sent".to_owned(),
        (true, None) => "Set".to_owned(),
        (true, Some(until)) => format!("Set; the one before signs, too, and ends {}", ahead(until, now)),
    };
    view! {
        <FactRows>
            <Fact label="URL"><code>{webhook.url}</code></Fact>
            <Fact label="Environment">{environment}</Fact>
            <Fact label="Events">{events}</Fact>
            {(!webhook.description.is_empty()).then(|| view! { <Fact label="Description">{webhook.description}</Fact> })}
            <Fact label="Signing secret">{secret}</Fact>
            {webhook.failing_since.map(|at| view! { <Fact label="Failing since"><Ago at now/></Fact> })}
            <Fact label="Created"><Ago at=webhook.created_at now/></Fact>
        </FactRows>
    }
}
