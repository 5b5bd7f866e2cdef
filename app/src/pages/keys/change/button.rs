//! What opens the form on the key's page.

use leptos::prelude::*;
use sallyport::{
    id::KeyId,
    key::Status,
    profile::{HowMany, Profile},
};

/// Its name, in the words of the profile.
pub fn title(profile: &Profile) -> &'static str {
    if profile.keys.scopes == HowMany::None { "Change expiry" } else { "Change scopes and expiry" }
}

/// Whether there is something to change: what ended stays as it is.
pub const fn is_changeable(status: Status) -> bool {
    !matches!(status, Status::Revoked | Status::Expired)
}

#[component]
pub fn ChangeButton(key: KeyId, title: &'static str) -> impl IntoView {
    view! {
        <form method="get" action=format!("/keys/{key}/change")><button id="change" class="btn">{title}</button></form>
    }
}
