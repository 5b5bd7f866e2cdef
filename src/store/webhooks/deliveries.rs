//! Deliveries, as people see them: listed, sent again, and deleted after a while.

use std::time::Duration;

use serde_json::json;
use sqlx::any::AnyRow;

use super::{
    super::{Page, Paging, Store, detached, old_rows::Old, row::Read, tx::Tx},
    conflict, event,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action},
    id::{DeliveryId, OrgId, WebhookId},
    webhook::{Delivery, DeliveryStatus, Webhook},
};

/// How long a delivery is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Not one of an endpoint that was deleted, whose deliveries are deleted a little later.
const IS_THERE: &str =
    "NOT EXISTS (SELECT 1 FROM webhooks w WHERE w.id = deliveries.webhook_id AND w.deleted_at IS NOT NULL)";

/// Deliveries sent again at once.
const MOST_AGAIN: i64 = 10_000;

fn delivery(row: &AnyRow) -> Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId::stored(row.text("id")?),
        webhook_id: WebhookId::stored(row.text("webhook_id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        seq: row.int("seq")?,
        event: row.text("event")?,
        body: row.text("body")?,
        created_at: row.time("created_at")?,
        status: row.word("status", DeliveryStatus::parse)?,
        attempts: row.int("attempts")?,
        next_at: row.time_opt("next_at")?,
        tried_at: row.time_opt("tried_at")?,
        duration_ms: row.int_opt("duration_ms")?,
        code: row.int_opt("code")?,
        response: row.text_opt("response")?,
        error: row.text_opt("error")?,
    })
}

/// Which deliveries of an organization.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryFilter<'a> {
    pub webhook: Option<&'a WebhookId>,
    pub status: Option<DeliveryStatus>,
    /// The name of an event.
    pub event: Option<&'a str>,
}

impl Store {
    /// A delivery. Whether the reader may see it is checked by the caller.
    pub async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>> {
        let sql = format!("SELECT * FROM deliveries WHERE id = $1 AND {IS_THERE}");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string());
        query.fetch_optional(self.read()).await?.as_ref().map(delivery).transpose()
    }

    /// A part of the deliveries of an organization, or of one of its endpoints, newest first.
    pub async fn deliveries(&self, org: &OrgId, filter: DeliveryFilter<'_>, paging: &Paging) -> Result<Page<Delivery>> {
        let limit = usize::from(paging.limit);
        let of = if filter.webhook.is_some() { "webhook_id = $1" } else { "org_id = $1" };
        let sql = format!(
            "SELECT * FROM deliveries WHERE {of} AND (created_at, id) < ($2, $3) AND COALESCE($4, status) = status \
             AND COALESCE($5, event) = event AND {IS_THERE} ORDER BY created_at DESC, id DESC LIMIT {}",
            limit + 1
        );
        let (before, id) = paging.after.clone().unwrap_or((i64::MAX, String::new()));
        let of = filter.webhook.map_or_else(|| org.to_string(), ToString::to_string);
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(of).bind(before).bind(id);
        let query = query.bind(filter.status.map(|status| status.as_str().to_owned()));
        let rows = query.bind(filter.event.map(str::to_owned)).fetch_all(self.read()).await?;
        let more = rows.len() > limit;
        let items = rows.iter().take(limit).map(delivery).collect::<Result<Vec<_>>>()?;
        let next = items.last().filter(|_| more).map(|last| format!("{}.{}", last.id, last.created_at.micros()));
        Ok(Page { items, next })
    }

    /// Sends a test event to an endpoint, whatever events it is told.
    pub async fn send_test_event(&self, act: &Act, webhook: &WebhookId) -> Result<Delivery> {
        let (store, act, id) = (self.clone(), act.clone(), webhook.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let webhook = tx.webhook_to_send_to(&id).await?;
            let made = tx.insert_test(&webhook.org_id, &id, &webhook.environment).await?;
            tx.record(event(&webhook, Action::WebhookTested).with(json!({ "delivery": made.as_str() }))).await?;
            let made = tx.delivery_now(&made).await?;
            tx.commit().await?;
            Ok(made)
        })
        .await
    }

    /// Sends a delivery again, under the same id.
    pub async fn resend_delivery(&self, act: &Act, delivery: &Delivery) -> Result<Delivery> {
        let (store, act, delivery) = (self.clone(), act.clone(), delivery.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let webhook = tx.webhook_to_send_to(&delivery.webhook_id).await?;
            let now = tx.now().micros();
            let again = sqlx::query(
                "UPDATE deliveries SET status = 'pending', attempts = 0, next_at = $2, lease_until = NULL \
                 WHERE id = $1 AND (lease_until IS NULL OR lease_until <= $2)",
            );
            let again = again.bind(delivery.id.to_string()).bind(now).execute(tx.on()).await?;
            if again.rows_affected() == 0 {
                return Err(conflict("being_sent", "This delivery is being sent right now."));
            }
            let details = json!({ "delivery": delivery.id.as_str() });
            tx.record(event(&webhook, Action::WebhookResent).with(details)).await?;
            let again = tx.delivery_now(&delivery.id).await?;
            tx.commit().await?;
            Ok(again)
        })
        .await
    }

    /// Sends what failed for good since that time again. Returns how many deliveries.
    pub async fn resend_failed_deliveries(&self, act: &Act, webhook: &WebhookId, since: Timestamp) -> Result<u64> {
        let (store, act, id) = (self.clone(), act.clone(), webhook.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let webhook = tx.webhook_to_send_to(&id).await?;
            let sql = format!(
                "UPDATE deliveries SET status = 'pending', attempts = 0, next_at = $3 WHERE id IN (SELECT id FROM deliveries \
                 WHERE webhook_id = $1 AND status = 'failed' AND created_at >= $2 ORDER BY created_at, id LIMIT {MOST_AGAIN})"
            );
            let again = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).bind(since.micros());
            let count = again.bind(tx.now().micros()).execute(tx.on()).await?.rows_affected();
            let details = json!({ "since": since.to_rfc3339(), "deliveries": count });
            tx.record(event(&webhook, Action::WebhookResent).with(details)).await?;
            tx.commit().await?;
            Ok(count)
        })
        .await
    }

    /// Deletes old deliveries. Returns how many.
    pub async fn delete_deliveries(&self) -> Result<u64> {
        let old = Old { table: "deliveries", key: "id", when: "created_at < $1" };
        self.delete_old(old, (self.now() - KEPT).micros()).await
    }
}

impl Tx {
    /// An endpoint for somebody who may manage it, if something can be sent to it.
    async fn webhook_to_send_to(&mut self, id: &WebhookId) -> Result<Webhook> {
        let webhook = self.webhook_to_change(id).await?;
        if !webhook.active {
            return Err(conflict("webhook_off", "This endpoint is off. Turn it on first."));
        }
        if !webhook.has_secret {
            return Err(conflict("no_secret", "This endpoint has no secret. Generate one first."));
        }
        Ok(webhook)
    }

    async fn delivery_now(&mut self, id: &DeliveryId) -> Result<Delivery> {
        let row = sqlx::query("SELECT * FROM deliveries WHERE id = $1").bind(id.to_string());
        delivery(&row.fetch_optional(self.on()).await?.ok_or(Error::NotFound)?)
    }
}
