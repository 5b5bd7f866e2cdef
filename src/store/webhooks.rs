//! Endpoints of webhooks: made, read, changed and deleted here; `fan_out.rs` turns events into deliveries, `sending.rs` is what
//! sending them needs, and `deliveries.rs` what people see and do with them.

mod deliveries;
mod fan_out;
mod sending;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::json;
use sqlx::any::AnyRow;

use super::{Store, detached, is_taken, old_rows::Old, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, NewEvent, Target},
    id::{OrgId, WebhookId},
    job::NewJob,
    journal::Entry,
    member::Permission,
    webhook::{EventTypes, MOST, NewWebhook, Stopped, Webhook, WebhookChange, WebhookSecret},
};

pub use deliveries::DeliveryFilter;

/// The queue of jobs that delete what is left of deleted endpoints.
const DELETED: &str = "delete_webhooks";

fn webhook(row: &AnyRow) -> Result<Webhook> {
    Ok(Webhook {
        id: WebhookId::stored(row.text("id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        url: row.text("url")?,
        environment: row.text("environment")?,
        events: EventTypes::stored(&row.text("events")?),
        description: row.text("description")?,
        active: row.flag("active")?,
        stopped: row.text_opt("stopped")?.as_deref().and_then(Stopped::parse),
        has_secret: row.bytes_opt("sealed")?.is_some(),
        secret_n: row.int("secret_n")?,
        previous_until: row.time_opt("before_until")?,
        failing_since: row.time_opt("failing_since")?,
        created_at: row.time("created_at")?,
    })
}

/// The only place where a sealed secret can be opened: its endpoint and number.
pub(super) fn context(id: &WebhookId, n: i64) -> String {
    format!("webhook:{id}:{n}")
}

/// Without what follows the host in the address, which may be a secret.
fn target(webhook: &Webhook) -> Target {
    Target::new("webhook", &webhook.id, webhook.host())
}

fn event(webhook: &Webhook, action: Action) -> NewEvent {
    NewEvent::of(&webhook.org_id, action, target(webhook))
}

fn conflict(code: &'static str, message: impl Into<String>) -> Error {
    Error::Conflict { code, message: message.into() }
}

impl Store {
    /// The endpoints of an organization, oldest first. There are few.
    pub async fn webhooks(&self, org: &OrgId) -> Result<Vec<Webhook>> {
        let query =
            sqlx::query("SELECT * FROM webhooks WHERE org_id = $1 AND deleted_at IS NULL ORDER BY created_at, id");
        query.bind(org.to_string()).fetch_all(self.read()).await?.iter().map(webhook).collect()
    }

    /// An endpoint. Whether the reader may see it is checked by the caller.
    pub async fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>> {
        let query = sqlx::query("SELECT * FROM webhooks WHERE id = $1 AND deleted_at IS NULL").bind(id.to_string());
        query.fetch_optional(self.read()).await?.as_ref().map(webhook).transpose()
    }

    /// Makes an endpoint, with a secret unless one is generated later. It is told what happens from now on.
    pub async fn create_webhook(
        &self,
        act: &Act,
        org: &OrgId,
        new: NewWebhook,
        with_secret: bool,
        form_token: Option<Vec<u8>>,
    ) -> Result<(Webhook, Option<WebhookSecret>)> {
        let (store, act, org_id) = (self.clone(), act.clone(), org.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs(&org_id, Permission::ManageWebhooks).await?;
            let id = WebhookId::mint(store.entropy());
            tx.makes(id.as_str()).await?;
            // Others who make one wait here.
            tx.lock_chain(org_id.as_str()).await?;
            let there = sqlx::query("SELECT COUNT(*) AS n FROM webhooks WHERE org_id = $1 AND deleted_at IS NULL");
            if there.bind(org_id.to_string()).fetch_one(tx.on()).await?.int("n")? >= MOST {
                let message = format!("An organization has at most {MOST} endpoints. Delete one that is not needed.");
                return Err(conflict("too_many_webhooks", message));
            }
            let secret = with_secret.then(|| WebhookSecret::mint(store.entropy()));
            let made = Webhook {
                id,
                org_id,
                url: new.url,
                environment: new.environment,
                events: new.events,
                description: new.description,
                active: new.active,
                stopped: None,
                has_secret: secret.is_some(),
                secret_n: i64::from(secret.is_some()),
                previous_until: None,
                failing_since: None,
                created_at: tx.now(),
            };
            let details = json!({ "environment": made.environment, "events": made.events.names() });
            let since = tx.record_numbered(event(&made, Action::WebhookCreated).with(details)).await?;
            tx.insert_webhook(&made, secret.as_ref(), since, form_token).await?;
            tx.commit().await?;
            Ok((made, secret))
        })
        .await
    }

    /// Changes an endpoint. One that is turned on again is told what happens from then on.
    pub async fn change_webhook(&self, act: &Act, id: &WebhookId, change: WebhookChange) -> Result<Webhook> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let before = tx.webhook_to_change(&id).await?;
            let after = Webhook {
                url: change.url.unwrap_or(before.url.clone()),
                environment: change.environment.unwrap_or(before.environment.clone()),
                events: change.events.unwrap_or(before.events.clone()),
                description: change.description.unwrap_or(before.description.clone()),
                active: change.active.unwrap_or(before.active),
                ..before.clone()
            };
            if after == before {
                tx.commit_counts().await?;
                return Ok(before);
            }
            let details = json!({
                "environment": after.environment, "events": after.events.names(), "active": after.active,
                "url": after.url != before.url,
            });
            let seq = tx.record_numbered(event(&after, Action::WebhookChanged).with(details)).await?;
            let begins = after.active && !before.active;
            if after.url != before.url || !after.active {
                tx.notes(Entry::WebhookEnded { id: id.to_string() });
            }
            let after = Webhook {
                stopped: before.stopped.filter(|_| !after.active),
                failing_since: before.failing_since.filter(|_| !begins && after.url == before.url),
                ..after
            };
            sqlx::query(
                "UPDATE webhooks SET url = $2, environment = $3, events = $4, description = $5, active = $6, stopped = $7, \
                 failing_since = $8, since = COALESCE($9, since) WHERE id = $1",
            )
            .bind(id.to_string())
            .bind(after.url.clone())
            .bind(after.environment.clone())
            .bind(after.events.names().join(" "))
            .bind(after.description.clone())
            .bind(i64::from(after.active))
            .bind(after.stopped.map(Stopped::as_str))
            .bind(after.failing_since.map(Timestamp::micros))
            .bind(begins.then_some(seq))
            .execute(tx.on())
            .await?;
            tx.commit().await?;
            Ok(after)
        })
        .await
    }

    /// Gives an endpoint another secret, or its first one. The one before signs beside it for the grace period. `seen` is how
    /// many it had when the form was opened: a form that is sent twice changes nothing.
    pub async fn change_webhook_secret(
        &self,
        act: &Act,
        id: &WebhookId,
        seen: Option<i64>,
        grace: Duration,
    ) -> Result<(Webhook, WebhookSecret)> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.makes(id.as_str()).await?;
            let before = tx.webhook_to_change(&id).await?;
            if seen.is_some_and(|seen| seen != before.secret_n) {
                let message =
                    "This endpoint got another secret meanwhile. Regenerate it again if that one was not saved.";
                return Err(conflict("changed_meanwhile", message));
            }
            let until = (before.has_secret && !grace.is_zero()).then(|| tx.now() + grace);
            let (secret, n) = (WebhookSecret::mint(store.entropy()), before.secret_n + 1);
            let sealed = tx.seal(&context(&id, n), secret.expose().as_bytes()).await?;
            sqlx::query(
                "UPDATE webhooks SET sealed_before = CASE WHEN CAST($4 AS BIGINT) IS NULL THEN NULL ELSE sealed END, \
                 before_n = CASE WHEN CAST($4 AS BIGINT) IS NULL THEN NULL ELSE secret_n END, before_until = $4, \
                 sealed = $2, secret_n = $3 WHERE id = $1",
            )
            .bind(id.to_string())
            .bind(sealed)
            .bind(n)
            .bind(until.map(Timestamp::micros))
            .execute(tx.on())
            .await?;
            tx.notes(Entry::WebhookEnded { id: id.to_string() });
            let details = json!({ "old_until": until.map(Timestamp::to_rfc3339) });
            tx.record(event(&before, Action::WebhookSecretChanged).with(details)).await?;
            tx.commit().await?;
            Ok((Webhook { has_secret: true, secret_n: n, previous_until: until, ..before }, secret))
        })
        .await
    }

    /// Deletes an endpoint: it is gone at once, with its address and its secrets. There may be many deliveries, which a job
    /// deletes ([`Store::delete_webhooks`]).
    pub async fn delete_webhook(&self, act: &Act, id: &WebhookId) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let gone = tx.webhook_to_change(&id).await?;
            let (now, clear) = (tx.now(), NewJob::once(DELETED, json!({}), tx.now(), store.entropy()));
            sqlx::query(
                "UPDATE webhooks SET deleted_at = $2, active = 0, url = '', description = '', sealed = NULL, \
                 sealed_before = NULL, before_n = NULL, before_until = NULL, form_token = NULL WHERE id = $1",
            )
            .bind(id.to_string())
            .bind(now.micros())
            .execute(tx.on())
            .await?;
            tx.notes(Entry::WebhookEnded { id: id.to_string() });
            tx.record(event(&gone, Action::WebhookDeleted)).await?;
            tx.enqueue(clear).await?;
            tx.commit().await
        })
        .await
    }

    /// Deletes what is left of deleted endpoints, in parts. Returns how many deliveries there were.
    pub async fn delete_webhooks(&self) -> Result<u64> {
        let now = self.now().micros();
        let deliveries = "webhook_id IN (SELECT id FROM webhooks WHERE deleted_at <= $1)";
        let deleted = self.delete_old(Old { table: "deliveries", key: "id", when: deliveries }, now).await?;
        // One that was deleted meanwhile is left to its own job.
        let rest = "deleted_at <= $1 AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.webhook_id = webhooks.id)";
        self.delete_old(Old { table: "webhooks", key: "id", when: rest }, now).await?;
        Ok(deleted)
    }
}

impl Tx {
    async fn insert_webhook(
        &mut self,
        made: &Webhook,
        secret: Option<&WebhookSecret>,
        since: i64,
        form_token: Option<Vec<u8>>,
    ) -> Result<()> {
        let sealed = match secret {
            Some(secret) => Some(self.seal(&context(&made.id, made.secret_n), secret.expose().as_bytes()).await?),
            None => None,
        };
        sqlx::query(
            "INSERT INTO webhooks (id, org_id, url, environment, events, description, active, sealed, secret_n, since, seq, \
             created_at, form_token) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12)",
        )
        .bind(made.id.to_string())
        .bind(made.org_id.to_string())
        .bind(made.url.clone())
        .bind(made.environment.clone())
        .bind(made.events.names().join(" "))
        .bind(made.description.clone())
        .bind(i64::from(made.active))
        .bind(sealed)
        .bind(made.secret_n)
        .bind(since)
        .bind(made.created_at.micros())
        .bind(form_token)
        .execute(self.on())
        .await
        .map_err(|error| {
            if is_taken(&error, "webhooks_form_token_unique", "webhooks.form_token") {
                return Error::field("", "This form was sent already. Its endpoint is in the list.");
            }
            error.into()
        })?;
        // Events before the first endpoint concern none.
        sqlx::query("INSERT INTO webhook_cursors (chain, seq) VALUES ($1, $2) ON CONFLICT (chain) DO NOTHING")
            .bind(made.org_id.to_string())
            .bind(since)
            .execute(self.on())
            .await?;
        Ok(())
    }

    /// An endpoint for somebody who may change it, with its log locked before it. It does not exist for others.
    async fn webhook_to_change(&mut self, id: &WebhookId) -> Result<Webhook> {
        let found = sqlx::query("SELECT org_id FROM webhooks WHERE id = $1").bind(id.to_string());
        let org = found.fetch_optional(self.on()).await?.ok_or(Error::NotFound)?.text("org_id")?;
        self.lock_chain(&org).await?;
        self.needs(&OrgId::stored(org), Permission::ManageWebhooks).await?;
        self.hold_webhook(id).await?.ok_or(Error::NotFound)
    }

    /// An endpoint, locked until this transaction ends.
    async fn hold_webhook(&mut self, id: &WebhookId) -> Result<Option<Webhook>> {
        let held = sqlx::query("UPDATE webhooks SET seq = seq WHERE id = $1 AND deleted_at IS NULL RETURNING *");
        let held = held.bind(id.to_string());
        held.fetch_optional(self.on()).await?.as_ref().map(webhook).transpose()
    }
}
