//! On every page of a key that is being rotated: until when its old secret is accepted, with the buttons that change that.

use std::time::Duration;

use leptos::prelude::*;
use sallyport::{Timestamp, id::KeyId, key::LiveSecrets, profile::RotationKind};

use crate::{
    access::KeyAccess,
    context::Context,
    error::PageError,
    words::{Ago, Ahead},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The old secret of a key.
#[derive(Clone)]
pub struct OldSecret {
    pub key: KeyId,
    pub shown: String,
    pub until: Timestamp,
    /// Whether the person may extend it, which is possible once.
    pub may_extend: bool,
    /// When it was last used since the rotation began.
    pub last_used_at: Option<Timestamp>,
    pub may_change: bool,
}

impl OldSecret {
    /// `None` if the key is not being rotated.
    pub async fn of(context: &Context, access: &KeyAccess) -> Result<Option<Self>, PageError> {
        if access.key.rotating_until(context.store.now()).is_none() {
            return Ok(None);
        }
        let live = context.store.live_secrets(&access.key.id).await?;
        Self::among(context, access, &live).await
    }

    /// The same, where the key's secrets were read.
    pub async fn among(context: &Context, access: &KeyAccess, live: &LiveSecrets) -> Result<Option<Self>, PageError> {
        let (key, store) = (&access.key, &context.store);
        let Some((previous, until)) = live.previous.as_ref().and_then(|secret| Some((secret, secret.retires_at?)))
        else {
            return Ok(None);
        };
        let by_hand = store.profile().rotation.kind == RotationKind::ByHand;
        let is_mine = key.owner_id.as_ref().is_none_or(|owner| *owner == access.within.org().me.user.id);
        Ok(Some(Self {
            key: key.id.clone(),
            shown: previous.shown.clone(),
            until,
            may_extend: !previous.extended && !by_hand && is_mine,
            last_used_at: store.secret_last_used(&key.id, previous.n).await?,
            may_change: access.may_change(),
        }))
    }

    /// Whether it is about to end although it was just used.
    fn is_urgent(&self, now: Timestamp) -> bool {
        self.until.since(now) <= HOUR && self.last_used_at.is_some_and(|at| now.since(at) <= HOUR)
    }
}

#[component]
pub fn RotationNotice(old: OldSecret, now: Timestamp) -> impl IntoView {
    let urgent = old.is_urgent(now);
    let class = if urgent { "notice warning notice-line" } else { "notice accent notice-line" };
    let used = old.last_used_at;
    let href = format!("/keys/{}/rotate", old.key);
    view! {
        <div class=class>
            <p>
                {urgent.then(|| view! { <b>"The old key is still in use. "</b> })}
                <b>"The old key ends "<Ahead at=old.until now/>". "</b><code>{old.shown.clone()}</code>
                {used.map(|at| view! { " was last used "<Ago at now/>"." })}" "
                {old.may_change.then(|| view! { <a class="link" href=href>"See what uses it"</a> })}
            </p>
            {old.may_change.then(|| view! { <OldKeyButtons key=old.key may_extend=old.may_extend/> })}
        </div>
    }
}

/// *Revoke Old Key*, and *Extend once* where that is possible.
#[component]
pub fn OldKeyButtons(
    key: KeyId,
    may_extend: bool,
    /// In the head of a page.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let action = |what: &str| format!("/keys/{key}/{what}");
    let (revoke, extend) =
        if large { ("btn btn-danger-quiet", "btn") } else { ("btn btn-small btn-danger-quiet", "btn btn-small") };
    view! {
        <div class="actions">
            <form method="post" action=action("end-previous")>
                <button class=revoke>"Revoke Old Key"</button>
            </form>
            {may_extend.then(|| view! {
                <form method="post" action=action("extend-previous")>
                    <button class=extend>"Extend once"</button>
                </form>
            })}
        </div>
    }
}
