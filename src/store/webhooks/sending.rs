//! What sending needs: a delivery is leased for an attempt, whose outcome is recorded.

use std::time::Duration;

use serde_json::json;

use super::{
    super::{Location, Store, detached, row::Read, sight::roles_with, tx::Tx},
    context, event,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor},
    id::{DeliveryId, OrgId, UserId, WebhookId},
    mail::Mail,
    member::Permission,
    webhook::{
        Attempt, DeliveryStatus, LeasedDelivery, Stopped, WebhookSecret,
        schedule::{STOPPED_AFTER, delay},
    },
};

/// After this somebody who leased a delivery is taken to be gone. Longer than an attempt may take.
const LEASE: Duration = Duration::from_secs(60);

/// The most people who are told by mail that an endpoint was stopped.
const MOST_TOLD: i64 = 20;

impl Store {
    /// Endpoints with something to send now, with their organizations, of those after this id; `""` for all.
    pub async fn webhooks_with_due(&self, after: &str, limit: usize) -> Result<Vec<(WebhookId, OrgId)>> {
        let sql = format!(
            "SELECT w.id, w.org_id FROM webhooks w WHERE w.id > $1 AND w.active = 1 AND EXISTS (SELECT 1 FROM deliveries d \
             WHERE d.webhook_id = w.id AND d.next_at <= $2 AND (d.lease_until IS NULL OR d.lease_until <= $2)) \
             ORDER BY w.id LIMIT {limit}"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(after.to_owned()).bind(self.now().micros());
        let rows = query.fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((WebhookId::stored(row.text("id")?), OrgId::stored(row.text("org_id")?)))).collect()
    }

    /// The delivery of an endpoint that has been due longest, for an attempt. Of two processes that call this each gets a
    /// different one, or none.
    pub async fn lease_delivery(&self, webhook: &WebhookId) -> Result<Option<LeasedDelivery>> {
        let skip = match self.0.location {
            Location::Sqlite(_) => "",
            Location::Postgres(_) => "FOR UPDATE OF d SKIP LOCKED",
        };
        let sql = format!(
            "UPDATE deliveries SET lease_until = $3, attempts = attempts + 1 WHERE id = (SELECT d.id FROM deliveries d \
             JOIN webhooks w ON w.id = d.webhook_id WHERE d.webhook_id = $1 AND w.active = 1 AND w.sealed IS NOT NULL \
             AND d.next_at <= $2 AND (d.lease_until IS NULL OR d.lease_until <= $2) \
             ORDER BY d.next_at, d.seq LIMIT 1 {skip}) RETURNING id, seq, body, attempts"
        );
        let (store, webhook) = (self.clone(), webhook.clone());
        detached(async move {
            let now = store.now();
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let leased = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(webhook.to_string()).bind(now.micros());
            let leased = leased.bind((now + LEASE).micros()).fetch_optional(tx.on()).await?;
            let of = sqlx::query("SELECT * FROM webhooks WHERE id = $1").bind(webhook.to_string());
            let of = of.fetch_optional(tx.on()).await?;
            tx.commit_counts().await?;
            let (Some(leased), Some(of)) = (leased, of) else { return Ok(None) };
            let mut secrets = vec![store.open_webhook_secret(&webhook, of.int("secret_n")?, &of.bytes("sealed")?)?];
            let signs = of.time_opt("before_until")?.is_some_and(|until| now < until);
            if let (true, Some(before)) = (signs, of.bytes_opt("sealed_before")?) {
                secrets.push(store.open_webhook_secret(&webhook, of.int("before_n")?, &before)?);
            }
            Ok(Some(LeasedDelivery {
                id: DeliveryId::stored(leased.text("id")?),
                webhook_id: webhook,
                seq: leased.int("seq")?,
                url: of.text("url")?,
                body: leased.text("body")?,
                secrets,
                attempts: leased.int("attempts")?,
            }))
        })
        .await
    }

    fn open_webhook_secret(&self, webhook: &WebhookId, n: i64, sealed: &[u8]) -> Result<WebhookSecret> {
        let context = context(webhook, n);
        let opened = self.vault().open_stored(&context, sealed)?;
        let text = std::str::from_utf8(&opened).ok().and_then(WebhookSecret::parse);
        text.ok_or_else(|| Error::Sealed(format!("What is sealed as {context} is no secret.")))
    }

    /// Records how an attempt went. A delivery that was leased again since is left to whoever has it.
    pub async fn settle_delivery(&self, leased: &LeasedDelivery, attempt: Attempt) -> Result<()> {
        let store = self.clone();
        let (id, webhook, attempts) = (leased.id.to_string(), leased.webhook_id.clone(), leased.attempts);
        let (delivered, gone) = (attempt.is_delivered(), attempt.is_gone());
        let failing_since = detached(async move {
            let now = store.now();
            let next = delay(attempts, store.entropy()).filter(|_| !delivered && !gone).map(|delay| now + delay);
            let status = match (delivered, next) {
                (true, _) => DeliveryStatus::Delivered,
                (false, Some(_)) => DeliveryStatus::Pending,
                (false, None) => DeliveryStatus::Failed,
            };
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            // The endpoint is locked before its deliveries, as everywhere.
            let held = if delivered {
                let works = "UPDATE webhooks SET failing_since = NULL WHERE id = $1 RETURNING failing_since";
                sqlx::query(works).bind(webhook.to_string())
            } else {
                let fails = "UPDATE webhooks SET failing_since = COALESCE(failing_since, $2) WHERE id = $1 \
                    RETURNING failing_since";
                sqlx::query(fails).bind(webhook.to_string()).bind(now.micros())
            };
            let failing_since = match held.fetch_optional(tx.on()).await? {
                Some(row) => row.time_opt("failing_since")?,
                None => None,
            };
            sqlx::query(
                "UPDATE deliveries SET status = $3, next_at = $4, lease_until = NULL, tried_at = $5, duration_ms = $6, \
                 code = $7, response = $8, error = $9 WHERE id = $1 AND attempts = $2 AND lease_until IS NOT NULL",
            )
            .bind(id)
            .bind(attempts)
            .bind(status.as_str())
            .bind(next.map(Timestamp::micros))
            .bind(now.micros())
            .bind(i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX))
            .bind(attempt.code.map(i64::from))
            .bind(attempt.response)
            .bind(attempt.error)
            .execute(tx.on())
            .await?;
            tx.commit_counts().await?;
            Ok(failing_since)
        })
        .await?;
        if gone {
            return self.stop_webhook(&leased.webhook_id, Stopped::Gone).await;
        }
        match failing_since {
            Some(since) if self.now().since(since) >= STOPPED_AFTER => {
                self.stop_webhook(&leased.webhook_id, Stopped::Failing).await
            }
            _ => Ok(()),
        }
    }

    /// Stops an endpoint, and tells those who can turn it on again.
    async fn stop_webhook(&self, id: &WebhookId, why: Stopped) -> Result<()> {
        let (store, id) = (self.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let found = sqlx::query("SELECT org_id FROM webhooks WHERE id = $1").bind(id.to_string());
            if let Some(found) = found.fetch_optional(tx.on()).await? {
                tx.lock_chain(&found.text("org_id")?).await?;
            }
            let Some(webhook) = tx.hold_webhook(&id).await?.filter(|webhook| webhook.active) else {
                return tx.commit_counts().await;
            };
            sqlx::query("UPDATE webhooks SET active = 0, stopped = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(why.as_str())
                .execute(tx.on())
                .await?;
            let told = tx.managers_of_webhooks(&webhook.org_id).await?;
            let event = event(&webhook, Action::WebhookStopped).with(json!({ "why": why.as_str() }));
            tx.record_and_mail_all(event, &told, Mail::WebhookStopped).await?;
            tx.commit().await
        })
        .await
    }
}

impl Tx {
    async fn managers_of_webhooks(&mut self, org: &OrgId) -> Result<Vec<UserId>> {
        let sql = format!(
            "SELECT DISTINCT g.subject AS id FROM grants g JOIN users u ON u.id = g.subject AND u.disabled_at IS NULL \
             WHERE g.org_id = $1 AND g.place_id = $1 AND g.role IN ({}) ORDER BY id LIMIT {MOST_TOLD}",
            roles_with(Permission::ManageWebhooks)
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org.to_string()).fetch_all(self.on()).await?;
        rows.iter().map(|row| Ok(UserId::stored(row.text("id")?))).collect()
    }
}
