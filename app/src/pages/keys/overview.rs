//! `/keys/{key_id}`: everything about a key but its secrets.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    key::{Key, Status},
    member::Permission,
};
use serde::Deserialize;

use super::{
    restrictions::RestrictionsCard,
    row::{LastUsed, StatusBadge, ends_soon, environment_title, environment_tone, unused},
    snippets::Snippets,
};
use crate::{
    access::KeyAccess,
    components::{Badge, Card, Chip, CodeBlock, Fact, Facts, IdChip, Notice, PageHead, Tone},
    context::Context,
    error::{PageError, PageResult},
    portal::{Page, Section},
    shell,
    ui::{Asked, Ui},
    words::{Ago, Ahead},
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
    let chrome = shell::of_app(ui, &access.within, Section::Keys).await?;
    let chrome = shell::here(chrome, &access.key.label);
    let now = context.store.now();
    let (key, app) = (access.key.clone(), access.within.app.clone());
    let profile = context.store.profile().clone();
    let public_url = context.public_url.clone();
    let may_manage = access.within.org().role.may(Permission::ManageKeys);
    let done = said(done, key.status(now), access.within.is_archived());
    Ok(Page::framed(key.label.clone(), chrome, move || {
        let environment = environment_title(&profile, &key.environment);
        let (status, shown) = (key.clone(), key.shown.clone());
        let hint = unused(&key, now).or_else(|| ends_soon(&key, now));
        let usable = matches!(key.status(now), Status::Active | Status::Paused);
        let another = format!("/apps/{}/keys?panel=generate&like={}", key.app_id, key.id);
        let (used, ended, acted, ends) = (key.clone(), key.clone(), key.clone(), key.clone());
        let (signs, restricted) = (key.clone(), key.clone());
        let by = key.created_by.clone().map(|name| format!("by {name}, "));
        let chips = key.scopes.clone().into_iter().map(|scope| view! { <Chip text=scope/> }).collect_view();
        let id = key.id.to_string();
        let metadata = (!key.metadata.is_empty()).then(|| key.metadata.pretty());
        let like = another.clone();
        view! {
            {done.map(|text| view! { <div role="status"><Notice tone=Tone::Good>{text}</Notice></div> })}
            <PageHead
                title=key.label.clone()
                sub=move || view! {
                    <span><code>{shown}</code></span>
                    <span><StatusBadge key=status now/></span>
                    {hint.map(|text| view! { <span><Badge tone=Tone::Warning text/></span> })}
                }
                actions=move || may_manage.then(|| view! { <Actions key=acted now/> })
            />
            <div class="columns">
                <Card title="Key">
                    <Facts>
                        <Fact label="Key ID"><IdChip id name="Copy key id"/></Fact>
                        <Fact label="App"><a href=format!("/apps/{}", app.id)>{app.name}</a></Fact>
                        <Fact label="Environment"><Badge tone=environment_tone(key.mode) text=environment/></Fact>
                        <Fact label="Scopes">{chips}</Fact>
                        <Fact label="Signing secret"><Signing key=signs now/></Fact>
                        <Fact label="Created">
                            {by}
                            <Ago at=key.created_at now/>
                        </Fact>
                        <Fact label="Expires"><Expires key=ends now/></Fact>
                        <Fact label="Last used"><LastUsed key=used now/></Fact>
                        <Ended key=ended now/>
                    </Facts>
                </Card>
                {if usable {
                    view! {
                        <Card title="Use it">
                            <p class="muted">"Ask whether the key is good, as a gateway would:"</p>
                            <Snippets public_url header=profile.key_header().to_owned()/>
                            <p class="muted">
                                "The key itself was shown once, when it was generated. If it is lost, "
                                <a class="link" href=like>"generate one like this"</a>
                                " and revoke this one."
                            </p>
                        </Card>
                    }.into_any()
                } else {
                    view! {
                        <Card title="Refused">
                            <p class="muted">
                                "Every request with this key is answered 401. "
                                <a class="link" href=another>"Generate one like this"</a>
                            </p>
                        </Card>
                    }.into_any()
                }}
            </div>
            <RestrictionsCard key=restricted may_change=may_manage/>
            {metadata.map(|text| view! {
                <Card title="Metadata"><CodeBlock text name="Copy metadata"/></Card>
            })}
        }
    }))
}

/// What came of a button that was just pressed, while it still holds.
fn said(done: &str, status: Status, archived: bool) -> Option<&'static str> {
    match (done, status) {
        ("paused", Status::Paused) => Some("Paused. Requests with this key are refused (403) until you resume it."),
        ("resumed", Status::Active) if archived => Some("Resumed. It is good again once what is archived is restored."),
        ("resumed", Status::Active) => Some("Resumed. The key is good again."),
        ("edited" | "restricted", _) => Some("Saved."),
        _ => None,
    }
}

#[component]
fn Actions(key: Key, now: Timestamp) -> impl IntoView {
    let path = format!("/keys/{}", key.id);
    let to = |tail: &str| format!("{path}/{tail}");
    let status = key.status(now);
    let another = format!("/apps/{}/keys?panel=generate&like={}", key.app_id, key.id);
    let signing = if key.has_signing_secret { "Rotate signing secret" } else { "Generate signing secret" };
    let turn = match status {
        Status::Active => Some(("pause", "Pause")),
        Status::Paused => Some(("resume", "Resume")),
        Status::Expired | Status::Revoked => None,
    };
    view! {
        <a class="btn" href=another>"Generate like this one"</a>
        <form method="get" action=to("edit")><button id="edit" class="btn">"Edit"</button></form>
        {turn.map(|(verb, name)| view! {
            <form method="post" action=to(verb)><button class="btn">{name}</button></form>
        })}
        {(status != Status::Revoked).then(|| view! {
            <form method="get" action=to("signing-secret")><button id="signing-secret" class="btn">{signing}</button></form>
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

/// Whether it can sign, and until when with two secrets.
#[component]
fn Signing(key: Key, now: Timestamp) -> impl IntoView {
    let before = key.signing_before_until.filter(|until| *until > now);
    let before = before.map(|until| view! { "; the one before it signs too, and ends "<Ahead at=until now/> });
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
        }
    });
    view! { {paused}{revoked} }
}
