//! `/docs`: the reference of `/v1`, for developers who call it. The endpoints come from the OpenAPI document and the rest
//! from the profile, so that it describes this deployment.

mod answer;
pub mod audit;
mod contents;
mod field;
mod guide;
mod operation;
mod sample;
pub mod webhooks;

use axum::extract::State;
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    context::Context,
    error::{PageError, PageResult},
    portal::Page,
    ui::{Ui, UrlQuery},
};
use contents::{Contents, EVENTS, Group, slug};
use guide::Guide;
use operation::{Operation, OperationCard};

#[derive(Deserialize)]
pub struct DocsQuery {
    /// The group of endpoints to show; without one, the guide.
    #[serde(default)]
    group: String,
}

/// What the OpenAPI document says of a group.
fn lead(document: &Value, tag: &str) -> Option<String> {
    let mut tags = document["tags"].as_array()?.iter();
    let text = tags.find(|one| one["name"] == tag)?["description"].as_str()?;
    Some(text.replace('`', ""))
}

pub async fn get(ui: Ui, State(context): State<Context>, UrlQuery(query): UrlQuery<DocsQuery>) -> PageResult {
    let (profile, public_url) = (context.store.profile().clone(), context.public_url.clone());
    let operations = Operation::all(&context.api, &public_url, &profile);
    let groups = Group::of(&operations);
    let tag = groups.iter().map(|group| group.tag.clone()).find(|tag| slug(tag) == query.group);
    if tag.is_none() && !query.group.is_empty() {
        return Err(PageError::NotFound);
    }
    let lead = tag.as_deref().and_then(|tag| lead(&context.api, tag));
    let title = tag.clone().map_or("API reference".to_owned(), |tag| format!("{tag} · API reference"));
    let here = tag.as_ref().map_or_else(|| "/docs".to_owned(), |tag| format!("/docs?group={}", slug(tag)));
    let page = Page::open(title, here.clone(), move || {
        let shown = operations.into_iter().filter(|one| Some(&one.tag) == tag.as_ref());
        let cards: Vec<_> = shown.map(|operation| view! { <OperationCard operation/> }).collect();
        let guide = tag.is_none().then(|| view! { <Guide profile public_url/> });
        let events = tag.as_deref() == Some("Webhooks");
        let events = events.then(|| view! { <span><a href=EVENTS.0>{EVENTS.1}</a></span> });
        view! {
            <div class="page-head">
                <div class="page-title">
                    <h1>{tag.clone().unwrap_or_else(|| "API reference".to_owned())}</h1>
                    {lead.map(|text| view! { <p>{text}</p> })}
                    <p class="page-sub">
                        <span>"For backends, gateways and automation. As a file: "<a href="/v1/openapi.json">"OpenAPI 3.1"</a></span>
                        {events}
                    </p>
                </div>
            </div>
            <div class="reference">
                <Contents groups here/>
                <div class="reference-text">{guide}{cards}</div>
            </div>
        }
    });
    Ok(ui.ok(page))
}
