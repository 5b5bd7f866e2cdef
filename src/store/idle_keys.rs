//! Keys that a rule pauses because nobody uses them: some time after people were told. Each is judged once its row is locked.

use serde_json::json;

use super::{
    Store, detached,
    key_deadlines::{self, DAY, IDLE_SINCE},
    key_status::suspended_column,
    keys::target,
    row::Read,
    rows::MOST_ROWS,
    tx::Tx,
};
use crate::{
    Error, Result,
    audit::{Act, Action, Actor, NewEvent},
    id::KeyId,
    key::Status,
};

/// How long after a pause a use that was accepted before it may still be written: by another server, too.
const WRITTEN_WITHIN: i64 = DAY;

impl Store {
    /// Pauses the keys that were not used for as long as the rules allow, and of which people were told in time. All uses have
    /// to be written already. A key that can't be paused does not keep the others from it.
    pub async fn pause_idle_keys(&self) -> Result<Vec<KeyId>> {
        let mut paused = Vec::new();
        loop {
            let (found, mut failed) = (self.idle_keys().await?, Ok(()));
            let before = paused.len();
            for id in &found {
                match self.pause_idle(id.clone()).await {
                    Ok(true) => paused.push(id.clone()),
                    Ok(false) => {}
                    Err(error) => failed = failed.and(Err(error)),
                }
            }
            failed?;
            if found.len() < MOST_ROWS || paused.len() == before {
                return Ok(paused);
            }
        }
    }

    async fn idle_keys(&self) -> Result<Vec<KeyId>> {
        let sql = format!("{} ORDER BY q.deadline, q.id LIMIT {MOST_ROWS}", self.idle_sql("n.deadline <= $1"));
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(self.now().micros()).fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok(KeyId::stored(row.text("id")?))).collect()
    }

    /// The keys in use of which people were told long enough before the time `$1`, if that is still true, with their rule and
    /// since when they are idle. `which` is a condition on the notices.
    fn idle_sql(&self, which: &str) -> String {
        format!(
            "SELECT * FROM (SELECT k.id, r.days, n.deadline, {IDLE_SINCE} AS idle_since, {suspended} \
             FROM (SELECT n.key_id, n.deadline, MIN(n.told_at) AS first_told FROM key_notices n \
             WHERE n.kind = 'pause' AND {which} GROUP BY n.key_id, n.deadline) n \
             JOIN keys k ON k.id = n.key_id JOIN {rules} r ON r.org_id = k.org_id \
             LEFT JOIN key_uses u ON u.key_id = k.id \
             WHERE k.revoked_at IS NULL AND k.paused_at IS NULL AND r.days > 0 \
             AND (k.expires_at IS NULL OR k.expires_at > $1) \
             AND n.first_told <= $1 - {lead} AND n.deadline <= $1 AND n.deadline = {IDLE_SINCE} + r.days * {DAY}) q \
             WHERE q.suspended = 0",
            lead = key_deadlines::lead("r.days"),
            rules = self.pause_rules(),
            suspended = suspended_column!(),
        )
    }

    async fn pause_idle(&self, id: KeyId) -> Result<bool> {
        let sql = self.idle_sql("n.key_id = $2");
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let mut key = match tx.held(&id).await {
                Ok(key) => key,
                Err(Error::NotFound) => return tx.changes_nothing().await,
                Err(error) => return Err(error),
            };
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.now().micros()).bind(id.to_string());
            let row = query.fetch_optional(tx.on()).await?.filter(|_| key.status(tx.now()).is_usable());
            let Some(row) = row else { return tx.changes_nothing().await };
            tx.set_paused(&mut key, true).await?;
            sqlx::query("UPDATE keys SET idle_pause_since = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(row.int("idle_since")?)
                .execute(tx.on())
                .await?;
            let reason = format!("Unused for {} days", row.int("days")?);
            let event = NewEvent::of(&key.org_id, Action::KeyPaused, target(&key));
            tx.record(event.with(json!({ "reason": reason }))).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Resumes the keys that a rule paused within the last day although they had been used: by requests whose uses were
    /// written only afterwards. Returns how many.
    pub async fn resume_used_keys(&self) -> Result<u64> {
        let sql = format!("{USED_BEFORE} AND k.paused_at > $1 ORDER BY k.paused_at, k.id LIMIT {MOST_ROWS}");
        let since = self.now().micros() - WRITTEN_WITHIN;
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(since).fetch_all(self.read()).await?;
        let (mut resumed, mut failed) = (0, Ok(()));
        for row in &rows {
            match self.resume_used(KeyId::stored(row.text("id")?)).await {
                Ok(is_resumed) => resumed += u64::from(is_resumed),
                Err(error) => failed = failed.and(Err(error)),
            }
        }
        failed.map(|()| resumed)
    }

    async fn resume_used(&self, id: KeyId) -> Result<bool> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let mut key = match tx.held(&id).await {
                Ok(key) => key,
                Err(Error::NotFound) => return tx.changes_nothing().await,
                Err(error) => return Err(error),
            };
            // Somebody may have resumed it, and paused it again.
            let sql = format!("{USED_BEFORE} AND k.id = $1");
            let is_ours = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).fetch_optional(tx.on()).await?;
            if is_ours.is_none() || matches!(key.status(tx.now()), Status::Expired | Status::Revoked) {
                return tx.changes_nothing().await;
            }
            tx.set_paused(&mut key, false).await?;
            let event = NewEvent::of(&key.org_id, Action::KeyResumed, target(&key));
            tx.record(event.with(json!({ "reason": "It was used in the meantime" }))).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}

/// The keys that a rule paused although they had been used.
const USED_BEFORE: &str = "SELECT k.id FROM keys k JOIN key_uses u ON u.key_id = k.id \
    WHERE k.idle_pause_since IS NOT NULL AND k.paused_at IS NOT NULL AND u.last_at > k.idle_pause_since";

impl Tx {
    async fn changes_nothing(self) -> Result<bool> {
        self.commit_counts().await.map(|()| false)
    }
}
