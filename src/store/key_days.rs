//! How much of a day's quota keys have used up: written by verifiers every few seconds, read back after a start.

use super::{Store, detached, row::Read};
use crate::{
    Result,
    audit::{Act, Actor},
    id::KeyId,
    limit::DayCount,
};

/// So many old rows go with one write, so that none takes long.
const FORGOTTEN: u64 = 1_000;

impl Store {
    /// How many requests of that day were counted and written.
    pub async fn key_day(&self, key: &KeyId, day: i64) -> Result<u64> {
        let query = sqlx::query("SELECT n FROM key_days WHERE key_id = $1 AND day = $2");
        let row = self.look_up(query.bind(key.to_string()).bind(day)).await?;
        row.map_or(Ok(0), |row| Ok(row.int("n")?.unsigned_abs()))
    }

    /// Writes counts. A count is the whole of its day and not what was added to it: there is one server, and a write
    /// whose answer was lost may be repeated.
    pub async fn record_days(&self, mut counts: Vec<(KeyId, DayCount)>) -> Result<()> {
        let store = self.clone();
        // In one order, as all that takes keys.
        counts.sort_by(|one, other| one.0.cmp(&other.0));
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            for (key, count) in counts {
                // Of a key that was deleted meanwhile nothing is kept.
                sqlx::query(
                    "INSERT INTO key_days (key_id, day, n) SELECT id, $2, $3 FROM keys WHERE id = $1 \
                     ON CONFLICT (key_id, day) DO UPDATE SET n = excluded.n WHERE key_days.n < excluded.n",
                )
                .bind(key.to_string())
                .bind(count.day.number())
                .bind(i64::try_from(count.requests).unwrap_or(i64::MAX))
                .execute(tx.on())
                .await?;
            }
            tx.commit_counts().await
        })
        .await
    }

    /// Forgets days before `oldest`.
    pub async fn forget_days(&self, oldest: i64) -> Result<()> {
        while self.forget_some_days(oldest).await? == FORGOTTEN {}
        Ok(())
    }

    async fn forget_some_days(&self, oldest: i64) -> Result<u64> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let sql = format!(
                "DELETE FROM key_days WHERE (key_id, day) IN \
                 (SELECT key_id, day FROM key_days WHERE day < $1 LIMIT {FORGOTTEN})"
            );
            let forgotten = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(oldest).execute(tx.on()).await?;
            tx.commit_counts().await?;
            Ok(forgotten.rows_affected())
        })
        .await
    }
}
