//! `/deliveries/{delivery_id}`: what was sent, and what was answered.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{Timestamp, webhook::Delivery};

use super::{chrome, status::tone, told};
use crate::{
    access::DeliveryAccess,
    components::{Badge, Card, CodeBlock, DoneNotice, ErrorSummary, Fact, Facts, IdChip, Notice, PageHead, Tone},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::{Crumb, Page},
    ui::{Ui, UrlQuery},
    words::{Ago, Ahead},
};

/// In place of what was answered.
const NOT_KEPT: &str = "Not kept: an operator allowed this target, or it is reached through a forward proxy.";

#[derive(serde::Deserialize)]
pub struct DoneQuery {
    #[serde(default)]
    done: String,
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: DeliveryAccess,
    UrlQuery(query): UrlQuery<DoneQuery>,
) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access, &query.done, FormState::new()).await?))
}

pub(super) async fn page(
    ui: &Ui,
    context: &Context,
    access: &DeliveryAccess,
    done: &str,
    form: FormState,
) -> Result<Page, PageError> {
    let (delivery, now, done) = (access.delivery.clone(), context.store.now(), told(done));
    let mut chrome = chrome(ui, &access.within).await?;
    let webhook = context.store.webhook(&delivery.webhook_id).await?;
    let host = webhook.map_or_else(|| "Endpoint".to_owned(), |webhook| webhook.host());
    chrome.crumbs.push(Crumb::link(&host, format!("/webhooks/{}", delivery.webhook_id)));
    chrome.crumbs.push(Crumb::here(format!("Delivery {}", delivery.seq)));
    Ok(Page::framed(format!("Delivery {}", delivery.seq), chrome, move || {
        let again = format!("/deliveries/{}/resend", delivery.id);
        let (status, event) = (delivery.status, delivery.event.clone());
        let (id, at) = (delivery.id.to_string(), delivery.created_at);
        let failed =
            delivery.error.clone().or(delivery.code.filter(|code| *code >= 300).map(|code| format!("Answered {code}")));
        let failed = failed.map(|why| {
            view! {
                <Notice tone=Tone::Danger>
                    <b>{why}"."</b>
                </Notice>
            }
        });
        let sent = serde_json::from_str::<serde_json::Value>(&delivery.body);
        let sent = sent.map_or_else(|_| delivery.body.clone(), |json| format!("{json:#}"));
        let answered = match (&delivery.response, delivery.code) {
            (Some(text), _) if !text.is_empty() => Some(text.clone()),
            (None, Some(_)) => Some(NOT_KEPT.to_owned()),
            _ => None,
        };
        view! {
            <PageHead
                title=event
                sub=move || view! {
                    <span><Badge tone=tone(status) text=status.title()/></span>
                    <span><IdChip id name="Copy delivery id"/></span>
                    <span><Ago at now/></span>
                }
                actions=move || view! {
                    <form method="post" action=again><button class="btn">"Resend"</button><SubmitOnce/></form>
                }
            />
            <DoneNotice text=done/>
            <ErrorSummary form=&form/>
            {failed}
            <div class="columns">
                <Card title="Delivery"><DeliveryFacts delivery now/></Card>
                <Card title="Request body"><CodeBlock text=sent name="Copy request body"/></Card>
                {answered.map(|text| view! { <Card title="Response"><CodeBlock text name="Copy response"/></Card> })}
            </div>
        }
    }))
}

#[component]
fn DeliveryFacts(delivery: Delivery, now: Timestamp) -> impl IntoView {
    view! {
        <Facts>
            <Fact label="Sequence">{delivery.seq}</Fact>
            <Fact label="Attempts">{delivery.attempts}</Fact>
            {delivery.tried_at.map(|at| view! { <Fact label="Last attempt"><Ago at now/></Fact> })}
            {delivery.duration_ms.map(|ms| view! { <Fact label="Duration">{format!("{ms} ms")}</Fact> })}
            {delivery.code.map(|code| view! { <Fact label="Response code">{code}</Fact> })}
            {delivery.next_at.map(|at| view! { <Fact label="Next attempt"><Ahead at now/></Fact> })}
        </Facts>
    }
}
