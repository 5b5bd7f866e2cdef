//! `/keys/{key_id}`: everything about a key but its secrets.

use std::time::Duration;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    key::{Key, Status},
    profile::Owner,
};
use serde::Deserialize;

use super::{
    change::button::{ChangeButton, is_changeable, title},
    generate::another,
    metadata::MetadataCard,
    restrictions::card::RestrictionsCard,
    row::{LastUsed, StatusBadge, ends_soon, environment_title, environment_tone, unused},
    scopes::KeyScopes,
    snippets::Snippets,
    turn::TurnKey,
};
use crate::{
    access::KeyAccess,
    components::{Badge, Card, Chip, Fact, Facts, IdChip, Notice, PageHead, Tone},
    context::Context,
    error::{PageError, PageResult},
    portal::Page,
    shell,
    ui::{Asked, Ui},
    words::{Ago, Ahead, turned},
};

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
    Asked(query): Asked<DoneQuery>,
) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access, &query.done).await?).await)
}

/// The page of a key, which its dialogs stand before.
pub async fn page(ui: &Ui, context: &Context, access: &KeyAccess, done: &str) -> Result<Page, PageError> {
    let chrome = shell::of_key(ui, access).await?;
    let chrome = shell::here(chrome, &access.key.label);
    let now = context.store.now();
    let key = access.key.clone();
    let profile = context.store.profile().clone();
    let public_url = context.public_url.clone();
    let may_change = access.may_change();
    // What is archived is told above the page already.
    let left = key.suspended && key.owner_id.is_some() && !access.within.is_archived();
    let done = said(done, key.status(now));
    Ok(Page::framed(key.label.clone(), chrome, move || {
        let environment = environment_title(&profile, &key.environment);
        let (used, shown) = (key.last_used_at, key.shown.clone());
        let status = key.status(now);
        let since = key.last_used_at.unwrap_or(key.created_at);
        let hint = unused(status, since, now).or_else(|| ends_soon(status, key.expires_at, now));
        let refused = refused(status);
        let another = another(&profile, &key);
        let (ended, ends, owned, scoped) = (key.clone(), key.clone(), key.clone(), key.clone());
        let (signs, restricted) = (key.clone(), key.clone());
        let signing = profile.keys.signing_secret || key.has_signing_secret;
        let by = key.created_by.clone().map(|name| format!("by {name}, "));
        let chips = key.scopes.clone().into_iter().map(|scope| view! { <Chip text=scope/> }).collect_view();
        let id = key.id.to_string();
        let test = format!("/keys/{id}/test");
        let metadata = (!key.metadata.is_empty()).then(|| key.metadata.clone());
        let change = (may_change && is_changeable(status)).then(|| (key.id.clone(), title(&profile)));
        let like = another.clone();
        let may = Some((key.clone(), another.clone())).filter(|_| may_change);
        let docs = profile.brand.docs_url.clone().map(|href| (href, format!("{} documentation", profile.brand.name)));
        let snippets = profile.clone();
        view! {
            {left.then(|| view! {
                <Notice tone=Tone::Warning>
                    {format!("{} can’t use this organization at present: every request with this key is refused (403).", owned.owner_name)}
                </Notice>
            })}
            {done.map(|text| view! { <div role="status"><Notice tone=Tone::Good>{text}</Notice></div> })}
            <PageHead
                title=key.label.clone()
                sub=move || view! {
                    <span><code>{shown}</code></span>
                    <span><StatusBadge status/></span>
                    {hint.map(|text| view! { <span><Badge tone=Tone::Warning text/></span> })}
                }
                actions=move || view! {
                    <a class="btn" href=test>"Test a request"</a>
                    {may.map(|(key, another)| view! { <Actions key another signing now/> })}
                }
            />
            <div class="columns">
                <Card
                    title="Key"
                    actions=move || change.map(|(key, title)| view! { <ChangeButton key title/> })
                >
                    <Facts>
                        <Fact label="Key ID"><IdChip id name="Copy key id"/></Fact>
                        <OwnerFact key=owned.clone()/>
                        <Fact label="Environment"><Badge tone=environment_tone(key.mode) text=environment/></Fact>
                        {(!key.scopes.is_empty()).then(|| view! { <Fact label="Scopes">{chips}</Fact> })}
                        {signing.then(|| view! { <Fact label="Signing secret"><Signing key=signs now/></Fact> })}
                        <Fact label="Created">
                            {by}
                            <Ago at=key.created_at now/>
                        </Fact>
                        <Fact label="Expires"><Expires key=ends now/></Fact>
                        <Fact label="Last used"><LastUsed at=used now/></Fact>
                        <Ended key=ended now/>
                    </Facts>
                </Card>
                {match refused {
                    None => view! {
                        <Card title="Use it">
                            <p class="muted">"Verify the key as a gateway would:"</p>
                            <Snippets public_url profile=snippets/>
                            <p class="muted">
                                "The key itself was shown once, when it was generated. If it is lost, "
                                <a class="link" href=like>"generate one like this"</a>
                                " and revoke this one."
                            </p>
                            {docs.map(|(href, title)| view! {
                                <p class="muted">
                                    "What it opens is in the "
                                    <a class="link" href=href rel="noreferrer">{title}</a>"."
                                </p>
                            })}
                        </Card>
                    }.into_any(),
                    Some(why) => view! {
                        <Card title="Refused">
                            <p class="muted">
                                {why}" "<a class="link" href=another>"Generate one like this"</a>
                            </p>
                        </Card>
                    }.into_any(),
                }}
            </div>
            <KeyScopes key=scoped profile=profile.clone()/>
            <RestrictionsCard key=restricted may_change/>
            {metadata.map(|metadata| view! { <MetadataCard metadata/> })}
        }
    }))
}

/// Why no request can use it, where only another key or somebody else changes that.
const fn refused(status: Status) -> Option<&'static str> {
    match status {
        Status::Active | Status::Paused => None,
        Status::Suspended => Some(
            "Every request with this key is answered 403 while its app or its owner is suspended; its settings and limits stay.",
        ),
        Status::Expired | Status::Revoked => Some("Every request with this key is answered 401."),
    }
}

/// What came of a button that was just pressed, while it still holds.
fn said(done: &str, status: Status) -> Option<&'static str> {
    match done {
        "paused" => turned(true, status),
        "resumed" => turned(false, status),
        "changed" | "edited" | "restricted" => Some("Saved."),
        _ => None,
    }
}

/// Whom it speaks for.
#[component]
fn OwnerFact(key: Key) -> impl IntoView {
    match (key.owner, key.app_id) {
        (Owner::App, Some(app)) => {
            view! { <Fact label="App"><a href=format!("/apps/{app}")>{key.owner_name}</a></Fact> }.into_any()
        }
        (Owner::Member, _) => {
            let members = format!("/orgs/{}/members", key.org_id);
            view! { <Fact label="Person"><a href=members>{key.owner_name}</a></Fact> }.into_any()
        }
        _ => {
            let org = format!("/orgs/{}", key.org_id);
            view! { <Fact label="Organization"><a href=org>{key.owner_name}</a></Fact> }.into_any()
        }
    }
}

#[component]
fn Actions(
    key: Key,
    another: String,
    /// Whether keys may have signing secrets here.
    signing: bool,
    now: Timestamp,
) -> impl IntoView {
    let path = format!("/keys/{}", key.id);
    let to = |tail: &str| format!("{path}/{tail}");
    let status = key.status(now);
    let rotate = if key.has_signing_secret { "Rotate signing secret" } else { "Generate signing secret" };
    let paused = key.paused.is_some();
    view! {
        <a class="btn" href=another>"Generate like this one"</a>
        <form method="get" action=to("edit")><button id="edit" class="btn">"Edit"</button></form>
        <TurnKey key=key.id.clone() status paused/>
        {(status != Status::Revoked).then(|| view! {
            {signing.then(|| view! {
                <form method="get" action=to("signing-secret")><button id="rotate-signing" class="btn">{rotate}</button></form>
            })}
            <form method="get" action=to("revoke")><button id="revoke" class="btn btn-danger-quiet">"Revoke"</button></form>
        })}
    }
}

#[component]
fn Expires(key: Key, now: Timestamp) -> impl IntoView {
    match key.expires_at {
        None => "Never".into_any(),
        Some(at) if at <= now => view! { <Ago at now/> }.into_any(),
        Some(at) => view! { <Ahead at now/> }.into_any(),
    }
}

/// What the verifier said when it was asked right after the revocation.
fn proof(after: Duration) -> String {
    format!("1 of 1 verifier nodes refuses this key, after {:.1} ms", after.as_secs_f64() * 1_000.0)
}

/// Whether it can sign, and until when with two secrets.
#[component]
fn Signing(key: Key, now: Timestamp) -> impl IntoView {
    let before = key.signing_before_until.filter(|until| *until > now);
    let before = before.map(|until| view! { "; the previous one is accepted too, and ends "<Ahead at=until now/> });
    view! { {if key.has_signing_secret { "Yes" } else { "None" }}{before} }
}

/// Since when it is paused or revoked, by whom and why.
#[component]
fn Ended(key: Key, now: Timestamp) -> impl IntoView {
    let paused = key.paused.filter(|_| key.revoked.is_none()).map(|pause| {
        view! { <Fact label="Paused">{format!("by {}, ", pause.by)}<Ago at=pause.at now/></Fact> }
    });
    let revoked = key.revoked.map(|revoked| {
        view! {
            <Fact label="Revoked">{format!("by {}, ", revoked.by)}<Ago at=revoked.at now/></Fact>
            {(!revoked.reason.is_empty()).then(|| view! { <Fact label="Reason">{revoked.reason}</Fact> })}
            {revoked.refused_after.map(|after| view! { <Fact label="Proof">{proof(after)}</Fact> })}
        }
    });
    view! { {paused}{revoked} }
}
