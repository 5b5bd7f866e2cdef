//! `/docs/webhooks`: what is sent to endpoints, for those who write one: headers, and the schema and an example of each event.

use std::sync::Arc;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    profile::Profile,
    webhook::schema::{Described, described, example, find, schema},
};
use serde::Deserialize;

use super::contents::{Contents, EVENTS, Group};
use crate::{
    components::{Card, CodeBlock, DataTable},
    context::Context,
    error::{PageError, PageResult},
    portal::Page,
    ui::{Ui, UrlQuery},
};

const PATH: &str = EVENTS.0;

/// What the page begins with.
const FIRST: &str = "key.revoked";

#[derive(Deserialize)]
pub struct EventQuery {
    /// The event to describe.
    #[serde(default)]
    event: String,
}

pub async fn get(ui: Ui, State(context): State<Context>, UrlQuery(query): UrlQuery<EventQuery>) -> PageResult {
    let name = if query.event.is_empty() { FIRST } else { query.event.as_str() };
    let event = find(name).ok_or(PageError::NotFound)?;
    let (profile, groups) = (context.store.profile().clone(), Group::all(&context));
    let page = Page::open(EVENTS.1, PATH, move || {
        view! {
            <div class="page-head">
                <div class="page-title">
                    <h1>{EVENTS.1}</h1>
                    <p class="muted">
                        "Each event is sent as a signed "<code>"POST"</code>" (Standard Webhooks 1.0) to the endpoints that subscribe to it. "
                        "Bodies hold IDs, no names and no secrets; read the rest from the API."
                    </p>
                    <p class="page-sub">
                        <span><a href=format!("{PATH}#events")>"All events"</a></span>
                        <span><a href="/docs?group=webhooks">"The API of webhooks"</a></span>
                    </p>
                </div>
            </div>
            <div class="reference">
                <Contents groups here=PATH/>
                <div class="reference-text">
                    <Events/>
                    <OneEvent event profile=profile.clone()/>
                    <Headers profile/>
                    <Card title="Every body">
                        <p>"A later version may add fields and events."</p>
                        <CodeBlock text=format!("{:#}", schema(None)) name="Copy the schema of every body"/>
                    </Card>
                </div>
            </div>
        }
    });
    Ok(ui.ok(page))
}

#[component]
fn OneEvent(event: Described, profile: Arc<Profile>) -> impl IntoView {
    let environment = profile.environments.first().map_or("production", |one| one.name.as_str());
    let body = format!("{:#}", example(&event, environment));
    view! {
        <section class="card" id="event">
            <div class="card-head"><h2>{event.title}" "<code>{event.name}</code></h2></div>
            <h3>"Example"</h3>
            <CodeBlock text=body name="Copy example"/>
            <h3>"JSON Schema"</h3>
            <CodeBlock text=format!("{:#}", schema(Some(&event))) name="Copy JSON Schema"/>
        </section>
    }
}

#[component]
fn Events() -> impl IntoView {
    let rows = described().map(|one| {
        let about = if one.about.is_empty() { "–".to_owned() } else { one.about.join(", ") };
        view! {
            <tr>
                <td class="cell-mono cell-head"><a class="link" href=format!("{PATH}?event={}#event", one.name)>{one.name}</a></td>
                <td data-label="What happened">{one.title}</td>
                <td class="cell-mono" data-label="About">{about}</td>
            </tr>
        }
    });
    view! {
        <section class="card" id="events">
            <div class="card-head"><h2>"Events"</h2></div>
            <DataTable label="Events" columns=&["Event", "What happened", "About"]>{rows.collect_view()}</DataTable>
        </section>
    }
}

#[component]
fn Headers(profile: Arc<Profile>) -> impl IntoView {
    let own = &profile.webhooks;
    let begins = if own.prefix.is_empty() { String::new() } else { format!("{}, and ", own.prefix) };
    let headers = [
        (Some("webhook-id".to_owned()), "The same at each attempt: ignore what you have seen".to_owned()),
        (Some("webhook-timestamp".to_owned()), "When it was sent, in seconds since 1970".to_owned()),
        (
            Some("webhook-signature".to_owned()),
            "v1, and the HMAC-SHA256 of id, timestamp and body with dots between, in base64; two with a space between while an old secret signs, too".to_owned(),
        ),
        (
            own.signature.clone(),
            format!("{begins}the HMAC-SHA256 of timestamp and body with a dot between, in hex; its key is the whole text of the secret"),
        ),
        (own.timestamp.clone(), "The same as webhook-timestamp".to_owned()),
        (own.sequence.clone(), "The same as data.sequence: the number of the delivery, to order by".to_owned()),
    ];
    let rows = headers.into_iter().filter_map(|(name, says)| {
        let name = name?;
        Some(view! { <tr><td class="cell-mono cell-head">{name}</td><td data-label="Meaning">{says}</td></tr> })
    });
    view! {
        <Card title="Headers">
            <p>"Refuse a delivery whose signature is wrong, and one whose timestamp is more than five minutes away."</p>
            <DataTable label="Headers of a delivery" columns=&["Header", "Meaning"]>{rows.collect_view()}</DataTable>
        </Card>
    }
}
