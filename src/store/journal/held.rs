//! What is not settled about a database that is older than its journals. It is in the database, so that neither a restart nor a
//! journal that vanished settles it.

use super::super::{Store, detached, row::Read, tx::Tx};
use crate::{Error, Result, audit::Act, id::UserId, journal::Fork};

/// Shown to whoever wants to sign in meanwhile.
const HELD: &str = "Only operators can sign in right now: the database was restored, and what was taken away since is not all \
    known. An operator has to decide.";

/// No key is judged until an operator decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub why: String,
    /// It ends without a decision if whole journals reach this change, and the database lacks nothing of them.
    pub up_to: Option<i64>,
}

impl Store {
    /// Why no key is judged, if an operator has to decide.
    pub async fn held(&self) -> Result<Option<Held>> {
        let row = sqlx::query("SELECT held, held_up_to FROM journal_state WHERE id = 1").fetch_one(self.read()).await?;
        let up_to = row.int_opt("held_up_to")?;
        Ok(row.text_opt("held")?.map(|why| Held { why, up_to }))
    }

    /// The changes that were lost and are not all applied.
    pub(super) async fn lost(&self) -> Result<Option<Fork>> {
        let row = sqlx::query("SELECT common, last FROM journal_state WHERE id = 1").fetch_one(self.read()).await?;
        let (common, last) = (row.int_opt("common")?, row.int_opt("last")?);
        Ok(common.zip(last).map(|(common, last)| Fork { first: common + 1, last }))
    }

    /// From now on no number up to `last` is used again: journals and nodes tell changes apart by it. It is committed before
    /// anything is applied, so that after a kill it is known what was lost.
    pub(super) async fn lose(&self, act: &Act, common: i64, last: i64) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let next = "UPDATE revision SET n = CASE WHEN n < $1 THEN $1 ELSE n END WHERE id = 1";
            sqlx::query(next).bind(last).execute(tx.on()).await?;
            let kept = "UPDATE journal_state SET common = CASE WHEN common < $1 THEN common ELSE $1 END, \
                        last = CASE WHEN last > $2 THEN last ELSE $2 END WHERE id = 1";
            sqlx::query(kept).bind(common).bind(last).execute(tx.on()).await?;
            tx.commit_counts().await
        })
        .await
    }

    /// Whole journals were found after all.
    pub(super) async fn release(&self, act: &Act) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.release_portal().await?;
            tx.commit_counts().await
        })
        .await
    }
}

impl Tx {
    /// Fails for who is no operator while one has to decide: what was taken away from people is not all known.
    pub(in crate::store) async fn needs_no_decision(&mut self, user: &UserId) -> Result<()> {
        let held = sqlx::query(
            "SELECT 1 FROM journal_state s CROSS JOIN users u \
             WHERE s.id = 1 AND s.held IS NOT NULL AND u.id = $1 AND u.operator = 0",
        );
        match held.bind(user.to_string()).fetch_optional(self.on()).await? {
            None => Ok(()),
            Some(_) => Err(Error::Forbidden(HELD)),
        }
    }

    pub(super) async fn hold_portal(&mut self, held: &Held) -> Result<()> {
        let set = sqlx::query("UPDATE journal_state SET held = $1, held_up_to = $2 WHERE id = 1");
        set.bind(held.why.clone()).bind(held.up_to).execute(self.on()).await?;
        Ok(())
    }

    pub(super) async fn release_portal(&mut self) -> Result<()> {
        sqlx::query("UPDATE journal_state SET held = NULL, held_up_to = NULL WHERE id = 1").execute(self.on()).await?;
        Ok(())
    }

    /// Changes up to `last` are applied, or an operator decided about them. Another node may know of more.
    pub(super) async fn settle_lost(&mut self, last: i64) -> Result<()> {
        self.release_portal().await?;
        let done = sqlx::query("UPDATE journal_state SET common = NULL, last = NULL WHERE id = 1 AND last <= $1");
        done.bind(last).execute(self.on()).await?;
        Ok(())
    }
}
