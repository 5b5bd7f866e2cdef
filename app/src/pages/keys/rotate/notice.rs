//! On every page of a key that is being rotated: until when its old secret is accepted, with the buttons that change that.

use std::time::Duration;

use leptos::prelude::*;
use sallyport::{Timestamp, id::KeyId, key::Key};

use crate::{
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
    pub extended: bool,
    /// When it was last used since the rotation began.
    pub last_used_at: Option<Timestamp>,
    pub may_change: bool,
}

impl OldSecret {
    /// `None` if the key is not being rotated.
    pub async fn of(context: &Context, key: &Key, may_change: bool) -> Result<Option<Self>, PageError> {
        let store = &context.store;
        if key.rotating_until(store.now()).is_none() {
            return Ok(None);
        }
        let live = store.live_secrets(&key.id).await?;
        let Some((previous, until)) = live.previous.and_then(|secret| secret.retires_at.map(|at| (secret, at))) else {
            return Ok(None);
        };
        let last_used_at = store.secret_last_used(&key.id, previous.n).await?;
        let (shown, extended) = (previous.shown, previous.extended);
        Ok(Some(Self { key: key.id.clone(), shown, until, extended, last_used_at, may_change }))
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
                "The old key "<code>{old.shown.clone()}</code>" ends "<Ahead at=old.until now/>
                {used.map(|at| view! { ", and was last used "<Ago at now/> })}". "
                {old.may_change.then(|| view! { <a class="link" href=href>"See what uses it"</a> })}
            </p>
            {old.may_change.then(|| view! { <OldKeyButtons key=old.key extended=old.extended/> })}
        </div>
    }
}

/// *Revoke Old Key*, and *Extend once* if that was not done yet.
#[component]
pub fn OldKeyButtons(key: KeyId, extended: bool) -> impl IntoView {
    let action = |what: &str| format!("/keys/{key}/{what}");
    view! {
        <div class="actions">
            <form method="post" action=action("end-previous")>
                <button class="btn btn-small btn-danger-quiet">"Revoke Old Key"</button>
            </form>
            {(!extended).then(|| view! {
                <form method="post" action=action("extend-previous")>
                    <button class="btn btn-small">"Extend once"</button>
                </form>
            })}
        </div>
    }
}
