//! `/docs`: the reference of `/v1`, for developers who call it. The endpoints come from the OpenAPI document and the rest
//! from the profile, so that it describes this deployment.

mod answer;
pub mod audit;
mod field;
mod guide;
mod operation;
mod sample;

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
use guide::Guide;
use operation::{Operation, OperationCard};

#[derive(Deserialize)]
pub struct DocsQuery {
    /// The group of endpoints to show; without one, the guide.
    #[serde(default)]
    group: String,
}

/// A group as its address names it: "Gateways and backends" is `gateways-and-backends`.
fn slug(tag: &str) -> String {
    let words: Vec<_> =
        tag.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-").to_lowercase()
}

/// What the OpenAPI document says of a group.
fn lead(document: &Value, tag: &str) -> Option<String> {
    let mut tags = document["tags"].as_array()?.iter();
    let text = tags.find(|one| one["name"] == tag)?["description"].as_str()?;
    Some(text.replace('`', ""))
}

/// A group of endpoints in the table of contents. Endpoints of the group that is shown link to their place on the page.
struct Group {
    tag: String,
    href: String,
    /// Id and summary of each.
    operations: Vec<(String, String)>,
}

pub async fn get(ui: Ui, State(context): State<Context>, UrlQuery(query): UrlQuery<DocsQuery>) -> PageResult {
    let (profile, public_url) = (context.store.profile().clone(), context.public_url.clone());
    let operations = Operation::all(&context.api, &public_url, &profile);
    let groups: Vec<_> = operations
        .chunk_by(|one, next| one.tag == next.tag)
        .map(|group| Group {
            tag: group[0].tag.clone(),
            href: format!("/docs?group={}", slug(&group[0].tag)),
            operations: group.iter().map(|one| (one.id.clone(), one.summary.clone())).collect(),
        })
        .collect();
    let tag = groups.iter().map(|group| group.tag.clone()).find(|tag| slug(tag) == query.group);
    if tag.is_none() && !query.group.is_empty() {
        return Err(PageError::NotFound);
    }
    let lead = tag.as_deref().and_then(|tag| lead(&context.api, tag));
    let title = tag.clone().map_or("API reference".to_owned(), |tag| format!("{tag} · API reference"));
    let here = tag.as_ref().map_or_else(|| "/docs".to_owned(), |tag| format!("/docs?group={}", slug(tag)));
    let page = Page::open(title, here, move || {
        let shown = operations.into_iter().filter(|one| Some(&one.tag) == tag.as_ref());
        let cards: Vec<_> = shown.map(|operation| view! { <OperationCard operation/> }).collect();
        let guide = tag.is_none().then(|| view! { <Guide profile public_url/> });
        view! {
            <div class="page-head">
                <div class="page-title">
                    <h1>{tag.clone().unwrap_or_else(|| "API reference".to_owned())}</h1>
                    {lead.map(|text| view! { <p>{text}</p> })}
                    <p class="page-sub">
                        <span>"For backends, gateways and automation. As a file: "<a href="/v1/openapi.json">"OpenAPI 3.1"</a></span>
                    </p>
                </div>
            </div>
            <div class="reference">
                <Contents groups tag/>
                <div class="reference-text">{guide}{cards}</div>
            </div>
        }
    });
    Ok(ui.ok(page))
}

#[component]
fn Contents(groups: Vec<Group>, tag: Option<String>) -> impl IntoView {
    let guide = [
        ("authenticate", "Authenticate"),
        ("keys", "What a key may do"),
        ("verdicts", "Verdicts"),
        ("limits", "Rate limits"),
        ("errors", "Errors and retries"),
    ];
    let current = |here: bool| here.then_some("page");
    let guide = guide.map(|(id, title)| view! { <li><a href=format!("/docs#{id}")>{title}</a></li> });
    let groups = groups.into_iter().map(|group| {
        let here = tag.as_ref() == Some(&group.tag);
        let links = group.operations.into_iter().map(|(id, summary)| {
            view! { <li><a href=format!("{}#{id}", group.href)>{summary}</a></li> }
        });
        let links = links.collect_view();
        view! { <li><a href=group.href.clone() aria-current=current(here)>{group.tag.clone()}</a><ul>{links}</ul></li> }
    });
    let groups = groups.collect_view();
    view! {
        <nav class="reference-contents" aria-label="Contents">
            // A sibling of the list, not its parent, so that CSS can show the list on wide screens while this is closed.
            <details class="fold"><summary class="btn btn-small">"Contents"</summary></details>
            <ul>
                <li><a href="/docs" aria-current=current(tag.is_none())>"Guide"</a><ul>{Vec::from(guide)}</ul></li>
                {groups}
                <li><a href="/docs/audit">"Public keys of the audit log"</a></li>
            </ul>
        </nav>
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_group_has_an_address() {
        assert_eq!(super::slug("Gateways and backends"), "gateways-and-backends");
        assert_eq!(super::slug("Keys"), "keys");
    }
}
