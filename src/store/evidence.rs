//! What an evidence pack is made of, besides lists that have files of their own.

use super::{
    Store,
    checkpoints::{StoredCheckpoint, checkpoint, good_checkpoint},
    detached,
    row::Read,
};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Actor},
    id::OrgId,
    member::Permission,
    place::PlaceRef,
};

/// How many checkpoints are looked at for one that is good, before another is made.
const TRIED: i64 = 8;

/// Checkpoints read at once.
const CHUNK: i64 = 500;

impl Store {
    /// The number of an organization's last event before a time, or of its newest; 0 if there is none.
    pub async fn last_event_before(&self, org: &OrgId, to: Option<Timestamp>) -> Result<i64> {
        let last = sqlx::query("SELECT seq FROM events WHERE chain = $1 AND at < $2 ORDER BY seq DESC LIMIT 1")
            .bind(org.to_string())
            .bind(to.map_or(i64::MAX, Timestamp::micros))
            .fetch_optional(self.read())
            .await?;
        last.map_or(Ok(0), |row| row.int("seq"))
    }

    /// The first checkpoint of a chain that covers an event, and the one that tells what was pruned; one is made if there is
    /// none.
    pub async fn covering_checkpoint(&self, portal: &str, chain: &str, seq: i64) -> Result<StoredCheckpoint> {
        let first = sqlx::query(
            "SELECT chain, size, root, note, at FROM checkpoints WHERE chain = $1 AND size >= $2 ORDER BY size LIMIT $3",
        );
        let rows = first
            .bind(chain.to_owned())
            .bind(seq.max(self.pruned_by(chain).await?).max(1))
            .bind(TRIED)
            .fetch_all(self.read())
            .await?;
        let keys = self.public_keys().await?;
        for row in &rows {
            if let Some(good) = good_checkpoint(chain, row, &keys)? {
                return Ok(good);
            }
        }
        self.checkpoint(portal, chain).await
    }

    /// The next checkpoints of a chain, up to one.
    pub async fn checkpoints_between(&self, chain: &str, after: i64, until: i64) -> Result<Vec<StoredCheckpoint>> {
        let rows = sqlx::query(
            "SELECT chain, size, root, note, at FROM checkpoints WHERE chain = $1 AND size > $2 AND size <= $3 \
             ORDER BY size LIMIT $4",
        );
        let rows = rows.bind(chain.to_owned()).bind(after).bind(until).bind(CHUNK).fetch_all(self.read()).await?;
        rows.iter().map(checkpoint).collect()
    }

    /// Fails if what the actor acts with has ended, or a person's role no longer allows this.
    pub async fn still_may(&self, actor: &Actor, org: &OrgId, permission: Permission) -> Result<()> {
        let (store, actor, org) = (self.clone(), actor.clone(), org.clone());
        detached(async move {
            let mut tx = store.begin(&Act::by(actor.clone())).await?;
            let may = match actor.subject() {
                Some(subject) => tx.roles_of(PlaceRef::from(&org), subject).await?.may(permission),
                None => true,
            };
            tx.commit_counts().await?;
            if may { Ok(()) } else { Err(Error::SignedOut) }
        })
        .await
    }
}
