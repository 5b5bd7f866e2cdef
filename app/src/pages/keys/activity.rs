//! `/keys/{key_id}/activity`: what was done to a key.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::store::EventFilter;
use serde::Deserialize;

use super::head::{KeyHead, KeyHeadView};
use crate::{
    access::KeyAccess,
    components::{Pager, Views},
    context::Context,
    error::PageResult,
    pages::activity::EventTable,
    portal::Page,
    shell,
    ui::{Ui, UrlQuery},
};

#[derive(Deserialize)]
pub struct KeyActivityQuery {
    before: Option<i64>,
    after: Option<i64>,
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: KeyAccess,
    UrlQuery(query): UrlQuery<KeyActivityQuery>,
) -> PageResult {
    let chrome = shell::here(shell::of_key(&ui, &access).await?, &access.key.label);
    let (store, key) = (&context.store, &access.key);
    let KeyActivityQuery { before, after } = query;
    let filter = EventFilter { target: key.id.to_string(), before, after, ..EventFilter::default() };
    let page = store.events(&key.org_id, None, &filter).await?;
    let people = page.events.iter().filter(|event| event.actor_kind == "user").map(|event| event.actor_id.clone());
    let emails = store.emails_of_members(&key.org_id, &people.collect::<Vec<_>>()).await?;
    let (head, now) = (KeyHead::of(&context, &access).await?, store.now());
    let path = format!("/keys/{}/activity", key.id);
    let [newer, older] = [("after", page.newer), ("before", page.older)]
        .map(|(edge, seq)| seq.map(|seq| format!("{path}?{edge}={seq}")));
    let page = Page::framed(format!("Activity · {}", key.label), chrome, move || {
        view! {
            <KeyHeadView head current="Activity"/>
            <div class="filter-bar"><KeyActivityViews path current="Events"/></div>
            <EventTable events=page.events now emails/>
            <div class="table-foot">
                <p>"Events can’t be changed: each holds the hash of the one before."</p>
                <Pager newer older/>
            </div>
        }
    });
    Ok(ui.ok(page))
}

/// The links to what was done to the key, and to its requests.
#[component]
pub fn KeyActivityViews(
    /// `/keys/{key_id}/activity`
    path: String,
    current: &'static str,
) -> impl IntoView {
    let links = vec![("Events", path.clone()), ("Requests", format!("{path}/requests"))];
    view! { <Views label="Activity" links current/> }
}
