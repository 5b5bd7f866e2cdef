//! `/keys/{key_id}`: everything about a key but its secrets.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::key::{Key, Status};

use super::{
    list::curl,
    row::{LastUsed, StatusBadge, ends_soon, environment_title, environment_tone},
};
use crate::{
    access::KeyAccess,
    components::{Badge, Card, Chip, CodeBlock, Fact, Facts, IdChip, PageHead, Tone},
    context::Context,
    error::{PageError, PageResult},
    portal::{Page, Section},
    shell,
    ui::Ui,
    words::{Ago, Ahead},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: KeyAccess) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access).await?).await)
}

/// The page of a key, which its dialogs stand before.
pub async fn page(ui: &Ui, context: &Context, access: &KeyAccess) -> Result<Page, PageError> {
    let chrome = shell::of_app(ui, &access.within, Section::Keys).await?;
    let chrome = shell::here(chrome, &access.key.label);
    let now = context.store.now();
    let (key, app) = (access.key.clone(), access.within.app.clone());
    let profile = context.store.profile().clone();
    let curl = curl(&context.public_url, &profile.key_header);
    Ok(Page::framed(key.label.clone(), chrome, move || {
        let environment = environment_title(&profile, &key.environment);
        let (status, shown) = (key.clone(), key.shown.clone());
        let revoke = (key.status(now) != Status::Revoked).then(|| format!("/keys/{}/revoke", key.id));
        let hint = unused(&key, now).or_else(|| ends_soon(&key, now));
        let active = key.status(now) == Status::Active;
        let another = format!("/apps/{}/keys?panel=generate&like={}", key.app_id, key.id);
        let (used, revoked) = (key.clone(), key.clone());
        let by = key.created_by.clone().map(|name| format!(" by {name}"));
        let chips = key.scopes.clone().into_iter().map(|scope| view! { <Chip text=scope/> }).collect_view();
        view! {
            <PageHead
                title=key.label.clone()
                sub=move || view! {
                    <span><code>{shown}</code></span>
                    <span><StatusBadge key=status now/></span>
                    {hint.map(|text| view! { <span><Badge tone=Tone::Warning text/></span> })}
                }
                actions=move || revoke.map(|action| view! {
                    <form method="get" action=action><button id="revoke" class="btn btn-danger-quiet">"Revoke"</button></form>
                })
            />
            <div class="columns">
                <Card title="Key">
                    <Facts>
                        <Fact label="Key ID"><IdChip id=key.id.to_string() name="Copy key id"/></Fact>
                        <Fact label="App"><a href=format!("/apps/{}", app.id)>{app.name}</a></Fact>
                        <Fact label="Environment"><Badge tone=environment_tone(key.mode) text=environment/></Fact>
                        <Fact label="Scopes">{chips}</Fact>
                        <Fact label="Signing secret">{if key.has_signing_secret { "Yes" } else { "None" }}</Fact>
                        <Fact label="Created">
                            <Ago at=key.created_at now/>
                            {by}
                        </Fact>
                        <Fact label="Expires">{match key.expires_at {
                            Some(at) => view! { <Ahead at now/> }.into_any(),
                            None => "Never".into_any(),
                        }}</Fact>
                        <Fact label="Last used"><LastUsed key=used now/></Fact>
                        <Revoked key=revoked now/>
                    </Facts>
                </Card>
                {if active {
                    view! {
                        <Card title="Use it">
                            <p class="muted">"Ask whether the key is good, as a gateway would:"</p>
                            <CodeBlock text=curl/>
                            <p class="muted">
                                "The key itself was shown once, when it was generated. If it is lost, generate another and revoke this one."
                            </p>
                        </Card>
                    }.into_any()
                } else {
                    view! {
                        <Card title="Refused">
                            <p class="muted">
                                "Every request with this key is answered 401. "
                                <a class="link" href=another>"Generate another like it"</a>
                            </p>
                        </Card>
                    }.into_any()
                }}
            </div>
        }
    }))
}

#[component]
fn Revoked(key: Key, now: sallyport::Timestamp) -> impl IntoView {
    key.revoked.map(|revoked| {
        view! {
            <Fact label="Revoked"><Ago at=revoked.at now/>{format!(" by {}", revoked.by)}</Fact>
            {(!revoked.reason.is_empty()).then(|| view! { <Fact label="Reason">{revoked.reason}</Fact> })}
        }
    })
}

/// A hint, not a status: nobody seems to need it.
fn unused(key: &Key, now: sallyport::Timestamp) -> Option<String> {
    let days = now.since(key.last_used_at.unwrap_or(key.created_at)).as_secs() / 86_400;
    (key.status(now) == Status::Active && days >= 30).then(|| format!("Unused {days} days"))
}
