//! The mark that a restore leaves: in the logs with signed checkpoints, and in the database, so that it is not restored again.

use serde_json::json;

use super::{
    super::{Store, WRITE_OF_MANY, detached_within, retried, row::Read, tx::Tx},
    held::Held,
    restored::{Ended, Restored},
};
use crate::{
    Result,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    id::OrgId,
    journal::Entry,
};

/// The newest checkpoint of a log before a restore is recorded in it.
#[derive(Clone)]
struct Before {
    chain: String,
    size: Option<i64>,
    note: Option<String>,
}

impl Store {
    /// Records why no key is judged, and ends everything that lets people in: whom it should not is as unknown.
    pub(super) async fn record_quarantine(&self, act: &Act, held: Held) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        let work = move || {
            let (store, act, held) = (store.clone(), act.clone(), held.clone());
            async move {
                let mut tx = store.begin_many(&act).await?;
                tx.lock_chain(SYSTEM).await?;
                tx.hold_portal(&held).await?;
                let ended = tx.end_entrances().await?;
                let event = NewEvent::of_system(Action::PortalQuarantined, target());
                tx.record(event.with(json!({ "reason": held.why, "ended": ended.details() }))).await?;
                tx.commit().await
            }
        };
        detached_within(WRITE_OF_MANY, retried(work)).await
    }

    /// Notes the fork: changes after `common` and up to `last` were lost, and are applied. It is one transaction, the last of
    /// a restore.
    pub(super) async fn fork(
        &self,
        act: &Act,
        portal: &str,
        restored: Restored,
        accepted: Option<String>,
    ) -> Result<Restored> {
        let mut befores = Vec::new();
        // A new key is an event, too: first.
        let _ = self.signing_key().await;
        for chain in self.chains().await? {
            let made = self.checkpoint(portal, &chain).await;
            if let Err(error) = &made {
                tracing::error!(chain, %error, "no checkpoint could be made of this log before the restore is recorded in it");
            }
            let (size, note) = made.map_or((None, None), |made| (Some(made.size), Some(made.note)));
            befores.push(Before { chain, size, note });
        }
        let (store, act, chains) = (self.clone(), act.clone(), befores.clone());
        let work = move || forked(store.clone(), act.clone(), chains.clone(), restored.clone(), accepted.clone());
        let restored = detached_within(WRITE_OF_MANY, retried(work)).await?;
        for Before { chain, .. } in befores {
            if let Err(error) = self.checkpoint(portal, &chain).await {
                tracing::error!(chain, %error, "no checkpoint could be made of this log after the restore");
            }
        }
        Ok(restored)
    }
}

fn target() -> Target {
    Target::new("chain", SYSTEM, "The portal")
}

async fn forked(
    store: Store,
    act: Act,
    chains: Vec<Before>,
    mut restored: Restored,
    accepted: Option<String>,
) -> Result<Restored> {
    let mut tx = store.begin_many(&act).await?;
    tx.lock_chain(SYSTEM).await?;
    let (first, last) = (restored.common + 1, restored.last);
    let known = sqlx::query("SELECT 1 FROM forks WHERE first <= $1 AND last >= $2").bind(first).bind(last);
    if first <= last && accepted.is_none() && known.fetch_optional(tx.on()).await?.is_some() {
        // Another node found out at the same time, and applied the same.
        tx.settle_lost(last).await?;
        tx.commit_counts().await?;
        return Ok(restored);
    }
    restored.ended = tx.end_entrances().await?;
    let (system, orgs): (Vec<_>, Vec<_>) = chains.into_iter().partition(|before| before.chain == SYSTEM);
    for before in system.into_iter().chain(orgs) {
        let mut details = json!({
            "restored": { "revision": restored.common, "lost_up_to": restored.last, "events": before.size },
            "checkpoint": before.note,
        });
        let is_system = before.chain == SYSTEM;
        let event = if is_system {
            details["applied"] = json!(restored.applied);
            details["ended"] = restored.ended.details();
            details["accepted"] = json!(accepted);
            NewEvent::of_system(Action::PortalRestored, target())
        } else {
            NewEvent::of(&OrgId::stored(before.chain.clone()), Action::PortalRestored, target())
        };
        tx.record_others(&before.chain, vec![(act.clone(), event.with(details))]).await?;
    }
    // No number is used twice: journals and nodes tell changes apart by it.
    let next = "UPDATE revision SET n = CASE WHEN n < $1 THEN $1 ELSE n END WHERE id = 1 RETURNING n";
    let revision = sqlx::query(next).bind(restored.last).fetch_one(tx.on()).await?.int("n")? + 1;
    if first <= last {
        let sql = "INSERT INTO forks (revision, first, last, at) VALUES ($1, $2, $3, $4)";
        let now = tx.now().micros();
        sqlx::query(sql).bind(revision).bind(first).bind(last).bind(now).execute(tx.on()).await?;
    }
    tx.settle_lost(last).await?;
    tx.notes(Entry::Fork { first, last });
    tx.touches_everything();
    tx.commit().await?;
    Ok(restored)
}

impl Tx {
    async fn end_entrances(&mut self) -> Result<Ended> {
        let now = self.now().micros();
        let mut ended = Ended::default();
        for (count, sql) in [
            (&mut ended.sessions, "DELETE FROM sessions WHERE CAST($1 AS BIGINT) IS NOT NULL"),
            (
                &mut ended.invitations,
                "UPDATE invitations SET ended_at = CASE WHEN created_at > $1 THEN created_at ELSE $1 END WHERE ended_at IS NULL",
            ),
            (
                &mut ended.password_resets,
                "UPDATE password_resets SET ended_at = CASE WHEN created_at > $1 THEN created_at ELSE $1 END \
                 WHERE ended_at IS NULL",
            ),
            (
                &mut ended.handovers,
                "UPDATE handovers SET sealed = NULL, passphrase_hash = NULL WHERE sealed IS NOT NULL AND CAST($1 AS BIGINT) IS NOT NULL",
            ),
            (
                &mut ended.device_codes,
                "DELETE FROM device_requests WHERE ended_at IS NULL AND CAST($1 AS BIGINT) IS NOT NULL",
            ),
        ] {
            *count = sqlx::query(sql).bind(now).execute(self.on()).await?.rows_affected();
        }
        ended.command_lines = self.end_all_command_lines().await?;
        Ok(ended)
    }
}
