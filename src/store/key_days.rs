//! Day counts of keys for quotas: written by verifiers every few seconds, read after a start.

use std::collections::BTreeMap;

use super::{Store, detached, old_rows::Old, row::Read, rows::MOST_ROWS};
use crate::{
    Result,
    audit::{Act, Actor},
    id::KeyId,
    limit::{DayCount, StoredDay},
};

impl Store {
    /// How many requests of that day were counted and written.
    pub async fn key_day(&self, key: &KeyId, day: i64) -> Result<StoredDay> {
        let query = sqlx::query(
            "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) AS n, \
             CAST(COALESCE(SUM(CASE WHEN node = $3 THEN n END), 0) AS BIGINT) AS own \
             FROM key_days WHERE key_id = $1 AND day = $2",
        );
        let row = self.look_up(query.bind(key.to_string()).bind(day).bind(self.node())).await?;
        let Some(row) = row else { return Ok(StoredDay::default()) };
        Ok(StoredDay { requests: row.int("n")?.unsigned_abs(), own: row.int("own")?.unsigned_abs() })
    }

    /// The number under which this process counts: random, since nodes are not numbered.
    fn node(&self) -> i64 {
        *self.0.node.get_or_init(|| i64::from_be_bytes(self.entropy().array()) & i64::MAX | 1)
    }

    /// Writes counts, next to those of other nodes. A count is this node's total for its day, so that a write whose
    /// response was lost can be repeated.
    pub async fn record_days(&self, counts: Vec<(KeyId, DayCount)>) -> Result<()> {
        // Sorted like all writes that lock keys; each row once, because a statement can't change a row twice.
        let mut days: BTreeMap<(KeyId, i64), u64> = BTreeMap::new();
        for (key, count) in counts {
            let requests = days.entry((key, count.day.number())).or_default();
            *requests = count.requests.max(*requests);
        }
        let (store, node) = (self.clone(), self.node());
        detached(async move {
            let rows: Vec<_> = days
                .into_iter()
                .map(|((key, day), n)| {
                    [key.to_string().into(), day.into(), node.into(), i64::try_from(n).unwrap_or(i64::MAX).into()]
                })
                .collect();
            for rows in rows.chunks(MOST_ROWS) {
                let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
                // Counts of keys that were deleted in the meantime are dropped.
                let statement = "INSERT INTO key_days (key_id, day, node, n) \
                    SELECT k.id, v.day, v.node, v.requests FROM v JOIN keys k ON k.id = v.key_id WHERE v.n > 0 ORDER BY v.n \
                    ON CONFLICT (key_id, day, node) DO UPDATE SET n = excluded.n WHERE key_days.n < excluded.n";
                store.with_rows(["key_id", "day", "node", "requests"], rows.to_vec(), statement).execute(tx.on()).await?;
                tx.commit_counts().await?;
            }
            Ok(())
        })
        .await
    }

    /// Deletes the counts of days before `oldest`.
    pub async fn forget_days(&self, oldest: i64) -> Result<()> {
        let old = Old { table: "key_days", key: "key_id, day, node", when: "day < $1" };
        self.delete_old(old, oldest).await.map(drop)
    }
}
