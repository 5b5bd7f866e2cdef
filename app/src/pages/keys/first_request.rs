//! Shown for a new key: an example call, and whether its first request arrived.

use std::time::Duration;

use leptos::{prelude::*, server_fn::ServerFn};
use sallyport::{
    Timestamp,
    id::KeyId,
    key::{ListedKey, Status},
};

use crate::{
    acts::keys::IsKeyUsed,
    components::{CodeBlock, Hidden},
    islands,
};

/// How long a key is new.
const NEW: Duration = Duration::from_secs(15 * 60);

/// The newest of these keys, if it was just created and not used yet.
pub fn waiting(keys: &[ListedKey], now: Timestamp) -> Option<&KeyId> {
    let newest = keys.iter().max_by_key(|key| key.created_at)?;
    let is_new = now.since(newest.created_at) < NEW && newest.last_used_at.is_none();
    (is_new && newest.status == Status::Active).then_some(&newest.id)
}

#[component]
pub fn FirstRequest(
    key: KeyId,
    /// The example call.
    call: String,
) -> impl IntoView {
    view! {
        <form id="new-key" class="card first-request" tabindex="-1" data-act=IsKeyUsed::PATH data-came="The first request came.">
            <Hidden name="key" value=key.to_string()/>
            <output>"Waiting for the first request…"</output>
            <p>"Put the new key into API_KEY and try it:"</p>
            <CodeBlock text=call name="Copy the call"/>
            <islands::FirstRequest/>
        </form>
    }
}
