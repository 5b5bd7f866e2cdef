//! Acts on endpoints of webhooks, and on their deliveries.

use std::time::Duration;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    id::{DeliveryId, OrgId, WebhookId},
    member::Permission,
    webhook::{Webhook, WebhookInput, WebhookSecret},
};
use serde::{Deserialize, Serialize};

use super::{ActError, Caller, InPage, keys::not_ours, test_events};
use crate::{
    access::{DeliveryAccess, OrgAccess, WebhookAccess},
    form::FormState,
    form_token,
};

/// For how long the secret before signs, too: the value of the choice, seconds, and its label.
pub const GRACES: [(&str, u64, &str); 4] =
    [("none", 0, "None"), ("hour", 3_600, "1 hour"), ("day", 86_400, "24 hours"), ("week", 604_800, "7 days")];

/// The form of an endpoint, as typed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct WebhookForm {
    form_token: String,
    url: String,
    environment: String,
    events: Vec<String>,
    description: String,
    active: bool,
    /// Whether a new one gets its secret at once.
    secret: bool,
}

impl From<&FormState> for WebhookForm {
    fn from(form: &FormState) -> Self {
        Self {
            form_token: form.value("form_token"),
            url: form.value("url"),
            environment: form.value("environment"),
            events: form.values_of("events").map(str::to_owned).collect(),
            description: form.value("description"),
            active: form.has("active", "on"),
            secret: form.has("secret", "on"),
        }
    }
}

impl WebhookForm {
    fn input(self, active: Option<bool>) -> WebhookInput {
        WebhookInput {
            url: Some(self.url),
            environment: Some(self.environment),
            events: Some(self.events),
            description: Some(self.description),
            active,
        }
    }
}

/// Makes an endpoint. Returns it with its secret, if it has one already.
#[server(prefix = "/act", endpoint = "webhooks/create")]
pub async fn create_webhook(
    org: OrgId,
    form: WebhookForm,
) -> Result<InPage<(Webhook, Option<WebhookSecret>)>, ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs(Permission::ManageWebhooks)?;
    let store = caller.store();
    let token = form_token::check(store.vault(), &access.me.user.id, store.now(), &form.form_token)?;
    let with_secret = form.secret;
    let new = form.input(None).check_new(store.profile(), &caller.context.webhook_targets)?;
    Ok(InPage(store.create_webhook(&access.me.act(), &org, new, with_secret, Some(token)).await?))
}

/// Changes an endpoint.
#[server(prefix = "/act", endpoint = "webhooks/change")]
pub async fn change_webhook(webhook: WebhookId, form: WebhookForm) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: WebhookAccess = caller.access(&webhook).await?;
    let (store, active) = (caller.store(), form.active);
    let change = form.input(Some(active)).check(store.profile(), &caller.context.webhook_targets)?;
    Ok(store.change_webhook(&access.within.me.act(), &webhook, change).await.map(drop)?)
}

/// Gives an endpoint another secret, or its first one. `seen` is how many it had when the form was opened.
#[server(prefix = "/act", endpoint = "webhooks/change-secret")]
pub async fn change_webhook_secret(
    webhook: WebhookId,
    seen: String,
    grace: String,
) -> Result<InPage<(Webhook, WebhookSecret)>, ActError> {
    let caller = Caller::current();
    let access: WebhookAccess = caller.access(&webhook).await?;
    let seen = seen.parse().map_err(|_| not_ours())?;
    let grace = match grace.as_str() {
        "" => 0,
        typed => {
            let chosen = GRACES.iter().find(|(value, ..)| *value == typed).map(|(_, seconds, _)| *seconds);
            chosen.ok_or_else(|| ActError::field("grace", "Choose how long the old secret signs, too."))?
        }
    };
    let (act, grace) = (access.within.me.act(), Duration::from_secs(grace));
    Ok(InPage(caller.store().change_webhook_secret(&act, &webhook, Some(seen), grace).await?))
}

/// Deletes an endpoint after the name of its host was typed.
#[server(prefix = "/act", endpoint = "webhooks/delete")]
pub async fn delete_webhook(webhook: WebhookId, #[server(default)] typed_name: String) -> Result<OrgId, ActError> {
    let caller = Caller::current();
    let access: WebhookAccess = caller.access(&webhook).await?;
    let host = access.webhook.host();
    if typed_name.trim() != host {
        return Err(ActError::field("typed_name", format!("Type “{host}” to confirm.")));
    }
    caller.store().delete_webhook(&access.within.me.act(), &webhook).await?;
    Ok(access.within.org.id)
}

/// Sends a test event.
#[server(prefix = "/act", endpoint = "webhooks/test")]
pub async fn send_test_event(webhook: WebhookId) -> Result<DeliveryId, ActError> {
    let caller = Caller::current();
    let access: WebhookAccess = caller.access(&webhook).await?;
    Ok(test_events::send(&caller.context, &access.within.me.act(), &access.webhook).await?.id)
}

/// Sends a delivery again, under the same id.
#[server(prefix = "/act", endpoint = "webhooks/resend")]
pub async fn resend_delivery(delivery: DeliveryId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: DeliveryAccess = caller.access(&delivery).await?;
    Ok(caller.store().resend_delivery(&access.within.me.act(), &access.delivery).await.map(drop)?)
}

/// Sends again what failed for good since that day (UTC). Returns how many deliveries.
#[server(prefix = "/act", endpoint = "webhooks/resend-failed")]
pub async fn resend_failed_deliveries(webhook: WebhookId, #[server(default)] since: String) -> Result<u64, ActError> {
    let caller = Caller::current();
    let access: WebhookAccess = caller.access(&webhook).await?;
    let since = Timestamp::parse_rfc3339(&format!("{}T00:00:00Z", since.trim()))
        .ok_or_else(|| ActError::field("since", "Choose a day, such as 2026-11-22."))?;
    Ok(caller.store().resend_failed_deliveries(&access.within.me.act(), &webhook, since).await?)
}
