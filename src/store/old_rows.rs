//! Rows that are kept for a time only, deleted in parts: no other write waits long for one of them.

use super::{Store, detached, rows::MOST_ROWS};
use crate::{
    Result,
    audit::{Act, Actor},
};

/// What is old in a table.
pub(super) struct Old {
    pub(super) table: &'static str,
    /// Its primary key.
    pub(super) key: &'static str,
    /// Of a row that may go, `$1` being a time or a day.
    pub(super) when: &'static str,
}

impl Store {
    /// Deletes what is old in a table; how many rows that were.
    pub(super) async fn delete_old(&self, old: Old, before: i64) -> Result<u64> {
        let Old { table, key, when } = old;
        let sql =
            format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {when} LIMIT {MOST_ROWS})");
        let mut deleted = 0;
        loop {
            let some = self.delete_some(sql.clone(), before).await?;
            deleted += some;
            if some < MOST_ROWS as u64 {
                return Ok(deleted);
            }
        }
    }

    async fn delete_some(&self, sql: String, before: i64) -> Result<u64> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let deleted = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before).execute(tx.on()).await?;
            tx.commit_counts().await?;
            Ok(deleted.rows_affected())
        })
        .await
    }
}
