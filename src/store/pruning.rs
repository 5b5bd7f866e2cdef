//! Removes events that are older than they are kept. Their hashes stay, so that trees, checkpoints and proofs of what is kept
//! hold; the log says itself what was removed.

use std::time::Duration;

use serde_json::json;

use super::{Store, checkpoints::good_checkpoint, detached, row::Read};
use crate::{
    Error, Result, Timestamp,
    audit::{
        Act, Action, Actor, NewEvent, Target,
        pruned::Pruned,
        tree::{Frontier, leaf_hash},
    },
    id::OrgId,
    plan::Plan,
};

/// Events removed in a transaction: other writes wait for it.
const AT_ONCE: i64 = 2_000;

/// How much of a log is removed in a run: a clock that is wrong, or a mistake in the settings, is noticed before all is gone.
const A_RUN: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Fewer are not worth an event: the one that told of the last removal would be removed by itself.
const AT_LEAST: i64 = 2;

/// How long events are kept; `None` for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventRetention {
    pub starter: Option<Duration>,
    pub pro: Option<Duration>,
    pub enterprise: Option<Duration>,
    /// Of the log `system`, and of organizations that were deleted.
    pub system: Option<Duration>,
}

impl EventRetention {
    /// Of organizations with this plan.
    pub fn of(&self, plan: Plan) -> Option<Duration> {
        match plan {
            Plan::Starter => self.starter,
            Plan::Pro => self.pro,
            Plan::Enterprise => self.enterprise,
        }
    }

    pub fn is_for_ever(&self) -> bool {
        *self == Self::default()
    }
}

impl Store {
    /// Removes the events of all chains that are older than they are kept; returns how many. One broken log does not keep
    /// the others from it.
    pub async fn prune_events(&self, portal: &str, kept: EventRetention) -> Result<i64> {
        let chains = "SELECT c.name, o.plan FROM chains c LEFT JOIN orgs o ON o.id = c.name ORDER BY c.name";
        let (mut removed, mut failed) = (0, None);
        for row in sqlx::query(chains).fetch_all(self.read()).await? {
            let chain = row.text("name")?;
            let kept = match row.text_opt("plan")? {
                // A plan that is not known keeps everything.
                Some(plan) => Plan::parse(&plan).and_then(|plan| kept.of(plan)),
                None => kept.system,
            };
            let Some(kept) = kept else { continue };
            match self.prune_chain(portal, &chain, self.now() - kept).await {
                Ok(events) => removed += events,
                Err(error) => {
                    tracing::error!(chain, %error, "old events of this log could not be removed");
                    failed = Some(error);
                }
            }
        }
        failed.map_or(Ok(removed), Err)
    }

    /// Removes the events of a chain from before a time, as far as signed checkpoints cover them, and a month of it at most.
    async fn prune_chain(&self, portal: &str, chain: &str, before: Timestamp) -> Result<i64> {
        let first = self.pruned_until(chain).await?;
        let oldest = sqlx::query("SELECT at FROM events WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT 1");
        let oldest = oldest.bind(chain.to_owned()).bind(first).fetch_optional(self.read()).await?;
        let Some(oldest) = oldest.map(|row| row.time("at")).transpose()? else { return Ok(0) };
        let Some(until) = self.prunable(chain, first, before.min(oldest + A_RUN)).await? else { return Ok(0) };
        let mut done = first;
        while done < until {
            let next = until.min(done + AT_ONCE);
            if !self.prune(chain, done, next, before).await? {
                break;
            }
            done = next;
        }
        if done > first {
            // Soon after, so that what the log says of it is signed.
            self.checkpoint(portal, chain).await?;
        }
        Ok(done - first)
    }

    /// Up to which event a chain is pruned.
    pub async fn pruned_until(&self, chain: &str) -> Result<i64> {
        let row = sqlx::query("SELECT pruned_until FROM chains WHERE name = $1").bind(chain.to_owned());
        row.fetch_optional(self.read()).await?.ok_or(Error::NotFound)?.int("pruned_until")
    }

    /// The number of the event that says up to where a chain is pruned; 0 if none was.
    pub async fn pruned_by(&self, chain: &str) -> Result<i64> {
        let row = sqlx::query("SELECT pruned_by FROM chains WHERE name = $1").bind(chain.to_owned());
        row.fetch_optional(self.read()).await?.ok_or(Error::NotFound)?.int("pruned_by")
    }

    /// Up to which event a chain can be pruned: the size of the largest signed checkpoint whose last event is old enough, and
    /// which the collector has, if there is one.
    async fn prunable(&self, chain: &str, done: i64, before: Timestamp) -> Result<Option<i64>> {
        let sent = "SELECT (SELECT COUNT(*) FROM forwarding) AS forwards, \
             COALESCE((SELECT seq FROM forwarded WHERE chain = $1), 0) AS seq";
        let sent = sqlx::query(sent).bind(chain.to_owned()).fetch_one(self.read()).await?;
        let sent = if sent.int("forwards")? > 0 { sent.int("seq")? } else { i64::MAX };
        let keys = self.public_keys().await?;
        let rows = sqlx::query(
            "SELECT k.chain, k.size, k.root, k.note, k.at FROM checkpoints k \
             JOIN events e ON e.chain = k.chain AND e.seq = k.size \
             WHERE k.chain = $1 AND k.size >= $2 AND k.size <= $3 AND e.at < $4 ORDER BY k.size DESC LIMIT 8",
        );
        let rows = rows
            .bind(chain.to_owned())
            .bind(done + AT_LEAST)
            .bind(sent)
            .bind(before.micros())
            .fetch_all(self.read())
            .await?;
        for row in &rows {
            if let Some(good) = good_checkpoint(chain, row, &keys)? {
                return Ok(Some(good.size));
            }
        }
        Ok(None)
    }

    /// Replaces the events after one and up to another by their hashes, and records that; `false` if another server did.
    async fn prune(&self, chain: &str, after: i64, until: i64, before: Timestamp) -> Result<bool> {
        let (store, chain) = (self.clone(), chain.to_owned());
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            tx.lock_chain(&chain).await?;
            let now = sqlx::query("SELECT pruned_until FROM chains WHERE name = $1").bind(chain.clone());
            if now.fetch_one(tx.on()).await?.int("pruned_until")? != after {
                tx.commit_counts().await?;
                return Ok(false);
            }
            let kept = sqlx::query(
                "INSERT INTO pruned_events (chain, seq, hash) SELECT chain, seq, hash FROM events \
                 WHERE chain = $1 AND seq > $2 AND seq <= $3",
            );
            let kept = kept.bind(chain.clone()).bind(after).bind(until).execute(tx.on()).await?.rows_affected();
            if i64::try_from(kept).ok() != Some(until - after) {
                let why = format!("events of the log {chain} are missing; to find out where: sallyport audit verify");
                return Err(Error::Unavailable(why));
            }
            let delete = sqlx::query("DELETE FROM events WHERE chain = $1 AND seq > $2 AND seq <= $3");
            delete.bind(chain.clone()).bind(after).bind(until).execute(tx.on()).await?;
            let org_id = OrgId::parse(&chain);
            let target = match &org_id {
                Some(org) => Target::new("organization", org, org.as_str()),
                None => Target::new("chain", &chain, chain.as_str()),
            };
            let event = NewEvent { org_id, ..NewEvent::of_system(Action::EventsPruned, target) };
            let event = event.with(json!({ "pruned_until": until, "events": until - after, "before": before }));
            let by = tx.record_numbered(event).await?;
            sqlx::query("UPDATE chains SET pruned_until = $2, pruned_by = $3 WHERE name = $1")
                .bind(chain)
                .bind(until)
                .bind(by)
                .execute(tx.on())
                .await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// What stands for the pruned events of a chain in an export; `None` if there are none.
    pub async fn pruned(&self, chain: &str) -> Result<Option<Pruned>> {
        let until = self.pruned_until(chain).await?;
        if until == 0 {
            return Ok(None);
        }
        let keys = self.public_keys().await?;
        let stored = sqlx::query(
            "SELECT k.chain, k.size, k.root, k.note, k.at, k.frontier, e.hash FROM checkpoints k \
             JOIN pruned_events e ON e.chain = k.chain AND e.seq = k.size WHERE k.chain = $1 AND k.size = $2",
        );
        if let Some(row) = stored.bind(chain.to_owned()).bind(until).fetch_optional(self.read()).await? {
            let tree = Frontier::from_bytes(u64::try_from(until).unwrap_or(0), &row.bytes("frontier")?);
            let good = good_checkpoint(chain, &row, &keys)?;
            if let Some(tree) = tree.filter(|tree| good.is_some_and(|good| good.root == tree.root())) {
                return Ok(Some(Pruned { chain: chain.to_owned(), until, hash: row.bytes("hash")?, tree }));
            }
        }
        // Without that checkpoint, from the hashes.
        let (mut tree, mut hash) = (Frontier::default(), Vec::new());
        let _turn = self.turn_to_read(until)?;
        let mut leaf = |next: &[u8]| {
            tree.push(leaf_hash(next));
            hash = next.to_vec();
        };
        if !self.each_hash(chain, 0, until, &mut leaf).await? {
            let why = format!("hashes of the log {chain} are missing; to find out where: sallyport audit verify");
            return Err(Error::Unavailable(why));
        }
        Ok(Some(Pruned { chain: chain.to_owned(), until, hash, tree }))
    }
}
