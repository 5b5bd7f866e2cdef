//! Keys that a rule pauses because nobody uses them: some time after people were told. Each is judged once its row is locked.

use serde_json::json;

use super::{
    Store, detached,
    key_deadlines::{self, DAY, IDLE_SINCE},
    keys::target,
    row::Read,
    rows::MOST_ROWS,
    tx::Tx,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Action, Actor, NewEvent},
    id::KeyId,
    key::Status,
};

/// A key that was paused because nobody used it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleKey {
    pub key: KeyId,
    /// Since when nobody had used it.
    since: Timestamp,
    /// When it was paused.
    at: Timestamp,
}

impl Store {
    /// Pauses the keys that were not used for as long as the rules allow, and of which people were told in time; up to 500.
    /// All uses have to be written already.
    pub async fn pause_idle_keys(&self) -> Result<Vec<IdleKey>> {
        let mut paused = Vec::new();
        for id in self.idle_keys().await? {
            paused.extend(self.pause_idle(id).await?);
        }
        Ok(paused)
    }

    async fn idle_keys(&self) -> Result<Vec<KeyId>> {
        let sql = format!("{} ORDER BY n.deadline, k.id LIMIT {MOST_ROWS}", self.idle_sql("n.deadline <= $1"));
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(self.now().micros()).fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok(KeyId::stored(row.text("id")?))).collect()
    }

    /// The keys whose notice is old enough and still true at the time `$1`, with their rule and since when they are idle.
    fn idle_sql(&self, which: &str) -> String {
        let days = key_deadlines::pause_unused("o.id", self.profile());
        format!(
            "SELECT k.id, r.days, {IDLE_SINCE} AS idle_since FROM key_notices n JOIN keys k ON k.id = n.key_id \
             JOIN (SELECT o.id AS org_id, {days} AS days FROM orgs o) r ON r.org_id = k.org_id \
             LEFT JOIN key_uses u ON u.key_id = k.id \
             WHERE n.kind = 'pause' AND {which} AND k.revoked_at IS NULL AND k.paused_at IS NULL AND r.days > 0 \
             AND n.told_at <= $1 - {lead} AND n.deadline <= $1 AND n.deadline = {IDLE_SINCE} + r.days * {DAY}",
            lead = key_deadlines::lead("r.days"),
        )
    }

    async fn pause_idle(&self, id: KeyId) -> Result<Option<IdleKey>> {
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
            let idle = IdleKey { key: id, since: row.time("idle_since")?, at: tx.set_paused(&mut key, true).await? };
            let reason = format!("Unused for {} days", row.int("days")?);
            let event = NewEvent::of(&key.org_id, Action::KeyPaused, target(&key));
            tx.record(event.with(json!({ "reason": reason }))).await?;
            tx.commit().await?;
            Ok(Some(idle))
        })
        .await
    }

    /// Resumes those of them that were used just before they were paused: by requests whose uses were written only now.
    /// Returns how many.
    pub async fn resume_used_keys(&self, paused: &[IdleKey]) -> Result<u64> {
        let mut resumed = 0;
        for idle in paused {
            resumed += u64::from(self.resume_used(idle.clone()).await?);
        }
        Ok(resumed)
    }

    async fn resume_used(&self, idle: IdleKey) -> Result<bool> {
        let store = self.clone();
        let used = sqlx::query("SELECT 1 FROM key_uses WHERE key_id = $1 AND last_at > $2");
        let used = used.bind(idle.key.to_string()).bind(idle.since.micros());
        if used.fetch_optional(self.read()).await?.is_none() {
            return Ok(false);
        }
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let mut key = tx.held(&idle.key).await?;
            // Somebody may have paused it again, or revoked it.
            let is_ours = key.paused.as_ref().is_some_and(|pause| pause.at == idle.at && pause.by == tx.actor().name());
            if !is_ours || matches!(key.status(tx.now()), Status::Expired | Status::Revoked) {
                return tx.changes_nothing().await.map(|_| false);
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

impl Tx {
    async fn changes_nothing(self) -> Result<Option<IdleKey>> {
        self.commit_counts().await.map(|()| None)
    }
}
