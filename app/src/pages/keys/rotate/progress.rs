//! The page of a rotation: how far it is, and what still uses the old secret.

use leptos::{prelude::*, server_fn::ServerFn};
use sallyport::{
    Timestamp,
    id::KeyId,
    key::{LiveSecret, LiveSecrets, rotation::QUIET},
    profile::RotationKind,
};

use super::{
    super::head::{KeyHead, KeyHeadView},
    notice::OldSecret,
    old_key::OldKey,
    said,
    uses::{Uses, named},
};
use crate::{
    access::KeyAccess,
    acts::rotation::IsNewSecretUsed,
    components::{Card, DoneNotice, Fact, Facts, Hidden, Step, StepList},
    context::Context,
    error::PageError,
    islands::FirstRequest,
    portal::{Crumb, Page},
    shell,
    ui::Ui,
    words::{Ago, ago},
};

pub async fn page(
    ui: &Ui,
    context: &Context,
    access: &KeyAccess,
    live: LiveSecrets,
    done: &str,
) -> Result<Page, PageError> {
    let mut chrome = shell::of_key(ui, access).await?;
    chrome.crumbs.push(Crumb::link(&access.key.label, format!("/keys/{}", access.key.id)));
    chrome.crumbs.push(Crumb::here("Rotation"));
    let (store, now) = (&context.store, context.store.now());
    // What was counted in the last seconds, too.
    context.verifier.flush_counts_briefly().await;
    let key = access.key.clone();
    let old = OldSecret::among(context, access, &live).await?;
    let since = live.current.as_ref().map_or(now, |current| current.created_at);
    let from = since - std::time::Duration::from_secs(60 * 60);
    let used = async |secret: Option<&LiveSecret>| match secret {
        Some(secret) => Ok::<_, PageError>(Uses::of(store.secret_uses(&key.id, secret.n, from).await?)),
        None => Ok(Uses::default()),
    };
    let (new_uses, old_uses) = (used(live.current.as_ref()).await?, used(live.previous.as_ref()).await?);
    let head = KeyHead::of(context, access).await?;
    let kind = store.profile().rotation.kind;
    let title = format!("Rotation · {}", key.label);
    let (id, done) = (key.id, said(done));
    Ok(Page::framed(title, chrome, move || {
        let quiet = now.since(old.as_ref().and_then(|old| old.last_used_at).unwrap_or(since)) >= QUIET;
        let steps = steps(kind, since, new_uses.first.as_ref().map(|first| first.last_at), quiet, now);
        let again = format!("/keys/{id}/rotate");
        view! {
            <DoneNotice text=done/>
            <KeyHeadView head current="Rotation"/>
            <div class="split">
                <div class="columns">{old.map(|old| view! { <OldKey old uses=old_uses since now/> })}</div>
                <div class="columns">
                    <Card title="Rotation"><StepList steps/></Card>
                    {live.current.map(|current| view! { <NewKey id current uses=new_uses now/> })}
                    <Card title="Not what you want?">
                        <p class="muted">"If the new secret was lost, rotate again and end the new one. If the old one leaked, revoke it now."</p>
                        <form method="get" action=again>
                            <input type="hidden" name="again" value="1"/>
                            <button class="btn">"Rotate again"</button>
                        </form>
                    </Card>
                </div>
            </div>
        }
    }))
}

/// The four steps, in the words of the profile.
fn steps(kind: RotationKind, made: Timestamp, first: Option<Timestamp>, quiet: bool, now: Timestamp) -> Vec<Step> {
    let step = |name, done, said: Option<String>| Step { done, made: said, ..Step::new(name) };
    let made = Some(ago(made, now));
    let worked = first.map(|at| format!("first used {}", ago(at, now)));
    match kind {
        RotationKind::Steps => vec![
            step("Create a new key", true, made),
            step("Update your application to use the new key", first.is_some() && quiet, None),
            step("Verify that the new key works", first.is_some(), worked),
            step("Revoke the old key", false, None),
        ],
        RotationKind::Grace | RotationKind::ByHand => vec![
            step("New key generated", true, made),
            step("New key in use", first.is_some(), worked),
            step("Old key no longer used", quiet, quiet.then(|| "quiet for 3 h".to_owned())),
            step("Old key revoked, or its grace period over", false, None),
        ],
    }
}

/// The new secret, and its first use.
#[component]
fn NewKey(id: KeyId, current: LiveSecret, uses: Uses, now: Timestamp) -> impl IntoView {
    let waiting = uses.first.is_none();
    let first = uses.first.map(|first| {
        view! {
            <Fact label="First used"><Ago at=first.last_at now/></Fact>
            <Fact label="From">{format!("{} · {}", named(&first.network), named(&first.agent))}</Fact>
        }
    });
    view! {
        <Card title="New key">
            <div class="stack">
            <Facts>
                <Fact label="Key"><code>{current.shown}</code></Fact>
                <Fact label="Generated"><Ago at=current.created_at now/></Fact>
                {first}
            </Facts>
            {waiting.then(|| view! {
                <form id="new-key" class="notice neutral first-request" tabindex="-1" data-act=IsNewSecretUsed::PATH data-came="The new key works.">
                    <Hidden name="key" value=id.to_string()/>
                    <output>"Waiting for the first request with the new key…"</output>
                    <FirstRequest/>
                </form>
            })}
            </div>
        </Card>
    }
}
