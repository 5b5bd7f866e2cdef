//! `/orgs/{org_id}/webhooks`: the endpoints of an organization, and what was sent to all of them.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{member::Permission, profile::Profile, webhook::Webhook};

use super::{
    deliveries::{Deliveries, DeliveryQuery},
    status::{WebhookBadge, environment, events},
    told,
};
use crate::{
    access::OrgAccess,
    components::{DoneNotice, Empty, Fact, Facts, PageHead},
    context::Context,
    error::{PageError, PageResult},
    icons::Icon,
    islands::SubmitOnce,
    portal::{Page, Section},
    shell,
    ui::{Ui, UrlQuery},
};

/// What they are for.
const SUB: &str = "Endpoints of your servers that are told what happens to keys and members, by signed requests";

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: OrgAccess,
    UrlQuery(query): UrlQuery<DeliveryQuery>,
) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access, query).await?))
}

/// Also behind the form for a new one.
pub(super) async fn page(
    ui: &Ui,
    context: &Context,
    access: &OrgAccess,
    query: DeliveryQuery,
) -> Result<Page, PageError> {
    access.needs(Permission::ManageWebhooks)?;
    let (store, org) = (&context.store, access.org.id.clone());
    let chrome = shell::here(shell::of_org(ui, access, Section::Webhooks).await?, "Webhooks");
    let (filter, paging) = query.filter()?;
    let deliveries = store.deliveries(&org, filter, &paging).await?;
    let (webhooks, profile, now) = (store.webhooks(&org).await?, store.profile().clone(), store.now());
    Ok(Page::framed("Webhooks", chrome, move || {
        let new = format!("/orgs/{org}/webhooks/new");
        let more = (!webhooks.is_empty()).then(|| new.clone());
        let body = if webhooks.is_empty() {
            let text = "Add an endpoint, and its server is told as soon as a key is revoked, rotated or generated.";
            view! {
                <Empty
                    icon=Icon::Mail title="No webhooks" text
                    action=move || view! { <a id="new-endpoint" class="btn btn-primary" href=new>"New endpoint"</a> }
                />
            }
            .into_any()
        } else {
            let cards = webhooks.into_iter().map(|webhook| view! { <WebhookCard webhook profile=&profile/> });
            let cards = cards.collect_view();
            let path = format!("/orgs/{org}/webhooks");
            view! {
                <div class="columns">
                    {cards}
                    <section class="section">
                        <h2 class="section-title">"Deliveries"</h2>
                        <Deliveries path query=query.clone() page=deliveries now/>
                    </section>
                </div>
            }
            .into_any()
        };
        view! {
            <PageHead
                title="Webhooks"
                sub=|| SUB
                actions=move || view! {
                    <a class="btn" href="/docs/webhooks">"Events and schemas"</a>
                    {more.map(|new| view! { <a id="new-endpoint" class="btn btn-primary" href=new>"New endpoint"</a> })}
                }
            />
            <DoneNotice text=told(&query.done)/>
            {body}
        }
    }))
}

#[component]
fn WebhookCard<'a>(webhook: Webhook, profile: &'a Profile) -> impl IntoView + use<> {
    let (href, host) = (format!("/webhooks/{}", webhook.id), webhook.host());
    let (environment, events, description) =
        (environment(&webhook, profile), events(&webhook), webhook.description.clone());
    // The path of its URL may be a secret.
    let (buttons, endpoint) = (webhook.clone(), host.clone());
    view! {
        <section class="card">
            <div class="card-head"><h2><a href=href>{host}</a></h2><div class="actions"><WebhookBadge webhook/></div></div>
            <div class="stack">
                <Facts>
                    <Fact label="Endpoint"><code>{endpoint}</code></Fact>
                    <Fact label="Environment">{environment}</Fact>
                    <Fact label="Events">{events}</Fact>
                    {(!description.is_empty()).then(|| view! { <Fact label="Description">{description}</Fact> })}
                </Facts>
                <Buttons webhook=buttons/>
            </div>
        </section>
    }
}

/// What can be done with an endpoint.
#[component]
pub(super) fn Buttons(webhook: Webhook) -> impl IntoView {
    let (test, secret) = (format!("/webhooks/{}/test", webhook.id), format!("/webhooks/{}/secret", webhook.id));
    let label = if webhook.has_secret { "Regenerate secret" } else { "Generate secret" };
    let sends = webhook.active && webhook.has_secret;
    view! {
        <div class="actions">
            {sends.then(|| view! {
                <form method="post" action=test><button class="btn">"Send test event"</button><SubmitOnce/></form>
            })}
            <form method="get" action=secret><button class="btn">{label}</button></form>
        </div>
    }
}
