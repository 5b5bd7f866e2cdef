//! `/keys/{key_id}`: what matters of a key, what happened to it, and how it is used; never its secrets.

use std::sync::Arc;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{key::Status, profile::Profile, store::EventFilter};
use serde::Deserialize;

use super::{
    facts::KeyFacts,
    generate::another,
    handover_links::HandoverLinks,
    head::{KeyHead, KeyHeadView},
    least_privilege::{KeyUse, KeyUseCard},
    metadata::MetadataCard,
    restrictions::card::RestrictionsCard,
    rotate,
    scopes::KeyScopes,
    snippets::Snippets,
};
use crate::{
    access::KeyAccess,
    components::{Card, DoneNotice},
    context::Context,
    error::{PageError, PageResult},
    pages::{activity::list::EventList, usage::card::RequestsCard},
    portal::Page,
    shell,
    ui::{Ui, UrlQuery},
    words::turned,
};

/// Events that the page shows.
const SHOWN: u8 = 10;

#[derive(Deserialize)]
pub struct DoneQuery {
    /// What was just done.
    #[serde(default)]
    done: String,
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: KeyAccess,
    UrlQuery(query): UrlQuery<DoneQuery>,
) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access, &query.done).await?))
}

/// The page of a key, which its one-time dialogs stand before.
pub async fn page(ui: &Ui, context: &Context, access: &KeyAccess, done: &str) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_key(ui, access).await?, &access.key.label);
    let (now, profile) = (context.store.now(), context.store.profile().clone());
    let filter = EventFilter { target: access.key.id.to_string(), limit: Some(SHOWN), ..EventFilter::default() };
    let events = context.store.events(&access.key.org_id, None, &filter).await?.events;
    let (head, key) = (KeyHead::of(context, access).await?, access.key.clone());
    let used = KeyUse::of(context, access).await?;
    let done = said(done, key.status(now));
    let links = context.store.open_handovers(&access.key.id).await?;
    let may_withdraw = access.may_change();
    let public_url = context.public_url.clone();
    Ok(Page::framed(key.label.clone(), chrome, move || {
        let status = key.status(now);
        let all = format!("/keys/{}/activity", key.id);
        let requests = head.requests.clone();
        let metadata = (!key.metadata.is_empty()).then(|| key.metadata.clone());
        let another = another(&profile, &key);
        view! {
            <DoneNotice text=done/>
            <KeyHeadView head current="Overview"/>
            <div class="split">
                <div class="columns">
                    <RequestsCard report=Some(requests) path=format!("/keys/{}", key.id)/>
                    <KeyUseCard used/>
                    <KeyScopes key=key.clone() profile=profile.clone()/>
                    <RestrictionsCard restrictions=key.restrictions.clone()/>
                    <Card title="Recent activity" actions=move || view! { <a href=all>"All activity"</a> }>
                        <EventList events now/>
                    </Card>
                </div>
                <div class="columns">
                    {match refused(status) {
                        None => view! { <Use public_url profile=profile.clone() another/> }.into_any(),
                        Some(why) => view! {
                            <Card title="Refused">
                                <p class="muted">
                                    {why}" "<a class="link" href=another>"Generate one like this"</a>
                                </p>
                            </Card>
                        }.into_any(),
                    }}
                    <HandoverLinks key=key.id.clone() links may_withdraw now/>
                    <KeyFacts key profile now/>
                    {metadata.map(|metadata| view! { <MetadataCard metadata/> })}
                </div>
            </div>
        }
    }))
}

/// The call that it goes into, in several languages.
#[component]
fn Use(public_url: String, profile: Arc<Profile>, another: String) -> impl IntoView {
    let docs = profile.brand.docs_url.clone().map(|href| (href, format!("{} documentation", profile.brand.name)));
    view! {
        <Card title="Use it">
            <p class="muted">"Verify the key as a gateway would:"</p>
            <Snippets public_url profile/>
            <p class="muted">
                "The key itself was shown once, when it was generated. If it is lost, "
                <a class="link" href=another>"generate one like this"</a>
                " and revoke this one."
            </p>
            {docs.map(|(href, title)| view! {
                <p class="muted">
                    "What it opens is in the "
                    <a class="link" href=href rel="noreferrer">{title}</a>"."
                </p>
            })}
        </Card>
    }
}

/// Why no request can use it, if only another key or another person can change that.
const fn refused(status: Status) -> Option<&'static str> {
    match status {
        Status::Active | Status::Rotating | Status::Paused => None,
        Status::Suspended => Some(
            "Every request with this key is answered 403 while its app or its owner is suspended; its settings and limits stay.",
        ),
        Status::Expired | Status::Revoked => Some("Every request with this key is answered 401."),
    }
}

/// What came of a button that was just pressed, while it still holds. That it is paused is told by the head.
fn said(done: &str, status: Status) -> Option<&'static str> {
    match done {
        "resumed" => turned(false, status),
        "ended" | "extended" => rotate::said(done),
        "withdrawn" => Some("The link does not work any more."),
        "changed" | "edited" | "restricted" => Some("Saved."),
        _ => None,
    }
}
