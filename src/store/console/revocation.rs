//! Revoking every key of the portal, in an incident.

use std::time::Duration;

use serde_json::json;

use super::super::{Store, detached, detached_within, orgs::org, revoke_all::Authority, row::Read};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    org::Org,
    place::Place,
    text,
};

/// The limit for all organizations together.
const ALL: Duration = Duration::from_secs(60 * 60);

/// A key counts as in use for that long after it was accepted.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many keys revoking all of them affects, each counted up to one more than [`COUNTED`](super::COUNTED).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysInForce {
    /// Those that are not revoked.
    pub keys: i64,
    /// Those of them that were accepted in the last week.
    pub in_use: i64,
}

impl Store {
    /// Counts them.
    pub async fn keys_in_force(&self) -> Result<KeysInForce> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM (SELECT 1 AS one FROM keys WHERE revoked_at IS NULL LIMIT 1001) AS some_keys) \
             AS keys, (SELECT COUNT(*) FROM (SELECT 1 AS one FROM key_uses JOIN keys ON id = key_id \
             WHERE last_at > $1 AND revoked_at IS NULL LIMIT 1001) AS some_uses) AS in_use",
        );
        let row = row.bind((self.now() - WEEK).micros()).fetch_one(self.read()).await?;
        Ok(KeysInForce { keys: row.int("keys")?, in_use: row.int("in_use")? })
    }

    /// Revokes every key of every organization; returns how many. Each organization is one transaction with an event
    /// in its own chain. The decision is recorded before, in the chain `system`: if the server stops in between,
    /// the chains show how far it came, and doing it again revokes the rest. Fails after the others where an
    /// organization's keys could not be revoked.
    pub async fn revoke_every_key(&self, act: &Act, reason: &str) -> Result<u64> {
        let reason = text::line("reason", reason, 200, "Say why. It is shown in the activity of each organization.")?;
        let (store, act) = (self.clone(), act.clone());
        detached_within(ALL, async move {
            store.record_revocation_of_all(&act, &reason).await?;
            let (mut revoked, mut failed) = (0, None);
            for org in store.orgs_with_keys().await? {
                match store.revoke_keys_of(&act, &Place::from(&org), &reason, Authority::Operator).await {
                    Ok(of_org) => revoked += of_org,
                    Err(error @ (Error::Unavailable(_) | Error::OutcomeUnknown)) => return Err(error),
                    // It may have been deleted meanwhile. The others are revoked first: in an incident each key counts.
                    Err(error) => failed = Some(error),
                }
            }
            failed.map_or(Ok(revoked), Err)
        })
        .await
    }

    async fn record_revocation_of_all(&self, act: &Act, reason: &str) -> Result<()> {
        let (store, act, details) = (self.clone(), act.clone(), json!({ "reason": reason }));
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs_operator().await?;
            let target = Target::new("chain", SYSTEM, "Every organization");
            tx.record(NewEvent::of_system(Action::EveryKeyRevoked, target).with(details)).await?;
            tx.commit().await
        })
        .await
    }

    async fn orgs_with_keys(&self) -> Result<Vec<Org>> {
        let rows = sqlx::query(
            "SELECT o.* FROM orgs o WHERE EXISTS (SELECT 1 FROM keys k WHERE k.org_id = o.id AND k.revoked_at IS NULL) \
             ORDER BY o.id",
        );
        rows.fetch_all(self.read()).await?.iter().map(org).collect()
    }
}
