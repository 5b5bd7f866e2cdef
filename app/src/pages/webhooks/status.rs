//! How endpoints and deliveries are, in words.

use leptos::prelude::*;
use sallyport::{
    profile::Profile,
    webhook::{DeliveryStatus, Stopped, Webhook, event_types},
};

use crate::{
    components::{Badge, Tone},
    pages::keys::row::environment_title,
};

/// How an endpoint is.
#[component]
pub(super) fn WebhookBadge(webhook: Webhook) -> impl IntoView {
    let (tone, text) = match (webhook.stopped, webhook.active, webhook.has_secret) {
        (Some(Stopped::Gone), ..) => (Tone::Danger, "Stopped: it answered 410"),
        (Some(Stopped::Failing), ..) => (Tone::Danger, "Stopped: it failed for days"),
        (None, false, _) => (Tone::Neutral, "Off"),
        (None, true, false) => (Tone::Warning, "No secret"),
        (None, true, true) if webhook.failing_since.is_some() => (Tone::Warning, "Failing"),
        (None, true, true) => (Tone::Good, "Active"),
    };
    view! { <Badge tone text/> }
}

pub(super) fn tone(status: DeliveryStatus) -> Tone {
    match status {
        DeliveryStatus::Pending => Tone::Warning,
        DeliveryStatus::Delivered => Tone::Good,
        DeliveryStatus::Failed => Tone::Danger,
    }
}

/// "Every event", "key.revoked, key.rotated".
pub(super) fn events(webhook: &Webhook) -> String {
    match webhook.events.names() {
        [every] if every == event_types::EVERY => "Every event".to_owned(),
        names => names.join(", "),
    }
}

pub(super) fn environment(webhook: &Webhook, profile: &Profile) -> String {
    environment_title(profile, &webhook.environment)
}
