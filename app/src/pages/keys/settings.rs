//! `/keys/{key_id}/settings`: everything about a key that can be changed, each in a dialog over this page.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    key::{Key, Status},
};

use super::{
    change::button::{ChangeButton, is_changeable, title},
    facts::Signing,
    head::{Expires, KeyHead, KeyHeadView},
    restrictions::card::RestrictionFacts,
};
use crate::{
    access::KeyAccess,
    components::{Chip, CodeBlock, Fact, Facts, Setting, SettingGroup, Settings},
    context::Context,
    error::{PageError, PageResult},
    portal::Page,
    shell,
    ui::Ui,
};

pub async fn get(ui: Ui, State(context): State<Context>, access: KeyAccess) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access).await?))
}

pub async fn page(ui: &Ui, context: &Context, access: &KeyAccess) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_key(ui, access).await?, &access.key.label);
    let (head, key, now) = (KeyHead::of(context, access).await?, access.key.clone(), context.store.now());
    let may_change = access.may_change();
    let signing = context.store.profile().keys.signing_secret || key.has_signing_secret;
    let is_open = may_change && is_changeable(key.status(now));
    let change = is_open.then(|| title(context.store.profile()));
    Ok(Page::framed(format!("Settings · {}", key.label), chrome, move || {
        let revoked = key.status(now) == Status::Revoked;
        let ended = key.clone();
        view! {
            <KeyHeadView head current="Settings"/>
            <div class="columns">
                <Settings>
                    <Words key=key.clone() may_change/>
                    <Terms key=key.clone() change now/>
                    <Restricted key=key.clone() may_change=is_open/>
                    {(signing && !revoked).then(|| view! { <SigningGroup key=key.clone() may_change now/> })}
                </Settings>
                {(may_change && !revoked).then(|| view! { <End key=ended/> })}
            </div>
        }
    }))
}

/// A button that opens a dialog of the key.
#[component]
fn Open(key: String, what: &'static str, id: &'static str, name: &'static str) -> impl IntoView {
    view! { <form method="get" action=format!("/keys/{key}/{what}")><button id=id class="btn">{name}</button></form> }
}

#[component]
fn Words(key: Key, may_change: bool) -> impl IntoView {
    let id = key.id.to_string();
    let metadata = (!key.metadata.is_empty()).then(|| key.metadata.pretty());
    let none = metadata.is_none();
    view! {
        <SettingGroup
            title="Label and metadata"
            about="What people and programs recognize it by. They do not change what it may do."
            action=move || may_change.then(|| view! { <Open key=id what="edit" id="edit" name="Edit"/> })
        >
            <Facts>
                <Fact label="Label">{key.label}</Fact>
                {none.then(|| view! { <Fact label="Metadata">"None"</Fact> })}
            </Facts>
            {metadata.map(|text| view! { <CodeBlock text name="Copy metadata"/> })}
        </SettingGroup>
    }
}

/// Its scopes and its expiry; `change` is the label of the button that changes them.
#[component]
fn Terms(key: Key, change: Option<&'static str>, now: Timestamp) -> impl IntoView {
    let chips = key.scopes.iter().map(|scope| view! { <Chip text=scope.clone()/> }).collect_view();
    let (id, scoped) = (key.id, !key.scopes.is_empty());
    let (title, about) = if scoped {
        ("Scopes and expiry", "What requests with it may do, and until when.")
    } else {
        ("Expiry", "Until when it can be used.")
    };
    view! {
        <SettingGroup
            title about
            action=move || change.map(|title| view! { <ChangeButton key=id title/> })
        >
            <Facts>
                {scoped.then(|| view! { <Fact label="Scopes">{chips}</Fact> })}
                <Fact label="Expires"><Expires at=key.expires_at now/></Fact>
            </Facts>
        </SettingGroup>
    }
}

#[component]
fn Restricted(key: Key, may_change: bool) -> impl IntoView {
    let id = key.id.to_string();
    view! {
        <SettingGroup
            title="Restrictions"
            about="From which addresses and how often it can be used, and whether requests have to be signed."
            action=move || may_change.then(|| view! { <Open key=id what="restrictions" id="restrictions" name="Change restrictions"/> })
        >
            <RestrictionFacts restrictions=key.restrictions/>
        </SettingGroup>
    }
}

#[component]
fn SigningGroup(key: Key, may_change: bool, now: Timestamp) -> impl IntoView {
    let (id, name) =
        (key.id.to_string(), if key.has_signing_secret { "Rotate signing secret" } else { "Generate signing secret" });
    view! {
        <SettingGroup
            title="Signing secret"
            about="Signs requests, so that nobody can send others with a key that they only saw."
            action=move || may_change.then(|| view! { <Open key=id what="signing-secret" id="rotate-signing" name/> })
        >
            <Facts><Fact label="In use"><Signing key now/></Fact></Facts>
        </SettingGroup>
    }
}

#[component]
fn End(key: Key) -> impl IntoView {
    view! {
        <Setting title="Danger zone" about=|| "To refuse requests for a while, pause the key: it can be resumed.">
            <div class="danger-rows">
                <div class="danger-row">
                    <div>
                        <b>"Revoke this key"</b>
                        <p class="muted">"Every request with this key is refused from then on. This can’t be undone."</p>
                    </div>
                    <form method="get" action=format!("/keys/{}/revoke", key.id)>
                        <button id="revoke" class="btn btn-danger-quiet">"Revoke"</button>
                    </form>
                </div>
            </div>
        </Setting>
    }
}
