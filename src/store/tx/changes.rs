//! Collects what a commit changes for verifiers, and stores it for all nodes in the same commit.

use super::{
    super::{
        Added, Change, Touched,
        changes::{KEPT, MARKS_KEPT, PRUNED_EVERY, joined},
        row::Read,
    },
    Tx,
};
use crate::{Result, journal::to_json, key::Digest};

/// The number is the payload of PostgreSQL's notification, which is sent with the commit and wakes the other nodes.
const NEXT_ON_POSTGRES: &str = "UPDATE revision SET n = n + 1 WHERE id = 1 \
    RETURNING n, CAST(pg_notify('sallyport_changes', CAST(n AS TEXT)) AS TEXT) AS notified";
const NEXT: &str = "UPDATE revision SET n = n + 1 WHERE id = 1 RETURNING n";

impl Tx {
    /// A verdict depends on this: verifiers are notified before the caller gets its response.
    pub(in crate::store) fn touches(&mut self, digest: Digest) {
        match self.touched.get_or_insert_with(|| Touched::These(Vec::new())) {
            Touched::These(digests) => digests.push(digest),
            Touched::Everything => {}
        }
    }

    /// So many verdicts depend on this that naming the keys would cost more than loading them again.
    pub(in crate::store) fn touches_everything(&mut self) {
        self.touched = Some(Touched::Everything);
    }

    /// Notifies verifiers that this secret or token exists from now on.
    pub(in crate::store) fn adds(&mut self, added: Added) {
        self.added.push(added);
    }

    /// Takes the next revision, and stores what was touched and added under it. The revision's row is locked until
    /// the commit, so that revisions become visible in order and without gaps. Old rows are removed now and then.
    pub(super) async fn leave_change(&mut self) -> Result<Option<Change>> {
        let (touched, added) = (self.touched.take(), std::mem::take(&mut self.added));
        if touched.is_none() && added.is_empty() && self.noted.is_empty() {
            return Ok(None);
        }
        // Before the revision is locked.
        let journal = to_json(&self.noted_entries().await?);
        let touched = match touched.unwrap_or_else(|| Touched::These(Vec::new())) {
            Touched::These(digests) => Touched::These(self.touch_former(&digests).await?),
            Touched::Everything => Touched::Everything,
        };
        let next = if self.is_on_postgres() { NEXT_ON_POSTGRES } else { NEXT };
        let revision = sqlx::query(next).fetch_one(self.on()).await?.int("n")?;
        let secrets = added.iter().filter_map(|added| match added {
            Added::Secret(digest) => Some(digest),
            Added::Token(_) | Added::Import => None,
        });
        let tokens = added.iter().filter_map(|added| match added {
            Added::Token(digest) => Some(digest),
            Added::Secret(_) | Added::Import => None,
        });
        let now = self.now().micros();
        sqlx::query(
            "INSERT INTO changes (revision, touched, added_secrets, added_tokens, added_imports, at, journal) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(revision)
        .bind(match &touched {
            Touched::These(digests) => Some(joined(digests)),
            Touched::Everything => None,
        })
        .bind(joined(secrets))
        .bind(joined(tokens))
        .bind(i64::from(added.contains(&Added::Import)))
        .bind(now)
        .bind(journal.clone())
        .execute(self.on())
        .await?;
        if revision % PRUNED_EVERY == 0 {
            for (sql, until) in [
                (
                    "INSERT INTO past_changes (revision, at) SELECT revision, at FROM changes WHERE revision <= $1 \
                     ON CONFLICT (revision) DO NOTHING",
                    revision - KEPT,
                ),
                ("DELETE FROM changes WHERE revision <= $1", revision - KEPT),
                ("DELETE FROM past_changes WHERE revision <= $1", revision - MARKS_KEPT),
            ] {
                sqlx::query(sql).bind(until).execute(self.on()).await?;
            }
        }
        Ok(Some(Change { revision, at: now, touched, added, journal: Some(journal) }))
    }
}
