//! Deletes rows that are older than their retention time, in parts, so that other writes do not wait for long.

use super::{Store, detached, rows::MOST_ROWS};
use crate::{
    Result,
    audit::{Act, Actor},
};

/// Which rows of a table are old.
pub(super) struct Old<'a> {
    pub(super) table: &'static str,
    /// Its primary key.
    pub(super) key: &'static str,
    /// The condition of an old row; `$1` is a time or a day.
    pub(super) when: &'a str,
}

impl Store {
    /// Deletes the old rows of a table. Returns how many there were.
    pub(super) async fn delete_old(&self, old: Old<'_>, before: i64) -> Result<u64> {
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
