//! Checkpoints of the chains, and proofs that an event is in one.

use sqlx::any::AnyRow;

use super::{Store, detached, events::event, row::Read};
use crate::{
    Error, Result, Timestamp,
    audit::{
        Act, Actor,
        checkpoint::Checkpoint,
        export::Exported,
        proof::EventProof,
        tree::{Frontier, Hash, Inclusion, is_included, leaf_hash},
    },
};

/// Hashes read at once.
const CHUNK: i64 = 5_000;

/// A checkpoint as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    pub chain: String,
    /// The number of events that it covers.
    pub size: i64,
    pub root: Hash,
    /// The signed text.
    pub note: String,
    pub at: Timestamp,
}

/// When a checkpoint is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointPace {
    /// After so many events.
    pub events: i64,
    /// So long after the last one, if there were events since.
    pub every: std::time::Duration,
}

impl Store {
    /// A checkpoint of all events of a chain: the one that is there, or a new one.
    pub async fn checkpoint(&self, portal: &str, chain: &str) -> Result<StoredCheckpoint> {
        let head = sqlx::query("SELECT seq, hash FROM chains WHERE name = $1").bind(chain.to_owned());
        let head = head.fetch_optional(self.read()).await?.ok_or(Error::NotFound)?;
        let size = head.int("seq")?;
        let (mut tree, covered) = match self.newest(chain).await? {
            Some((last, _)) if last.size == size => return Ok(last),
            Some((last, tree)) => (tree, last.size),
            None => (Frontier::default(), 0),
        };
        let mut last = Vec::new();
        let mut leaf = |hash: &[u8]| {
            tree.push(leaf_hash(hash));
            last = hash.to_vec();
        };
        let is_whole = self.each_hash(chain, covered, size, &mut leaf).await?;
        // What was signed once stays true: a chain that is visibly broken is not signed.
        if !is_whole || last != head.bytes("hash")? && size > 0 {
            return Err(broken(chain));
        }
        let origin = format!("{portal}/{chain}");
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
        let note = checkpoint.signed(&self.signing_key().await?, portal);
        let at = self.now();
        let stored = StoredCheckpoint { chain: chain.to_owned(), size, root: checkpoint.root, note, at };
        self.keep_checkpoint(stored.clone(), tree.to_bytes()).await?;
        Ok(stored)
    }

    /// Another server may have made the same one meanwhile.
    async fn keep_checkpoint(&self, made: StoredCheckpoint, frontier: Vec<u8>) -> Result<()> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let insert = "INSERT INTO checkpoints (chain, size, root, note, frontier, at) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (chain, size) DO NOTHING";
            sqlx::query(insert)
                .bind(made.chain)
                .bind(made.size)
                .bind(made.root.to_vec())
                .bind(made.note)
                .bind(frontier)
                .bind(made.at.micros())
                .execute(tx.on())
                .await?;
            tx.commit_counts().await
        })
        .await
    }

    async fn newest(&self, chain: &str) -> Result<Option<(StoredCheckpoint, Frontier)>> {
        let row = sqlx::query("SELECT * FROM checkpoints WHERE chain = $1 ORDER BY size DESC LIMIT 1");
        let Some(row) = row.bind(chain.to_owned()).fetch_optional(self.read()).await? else { return Ok(None) };
        let stored = checkpoint(&row)?;
        let size = u64::try_from(stored.size).unwrap_or(0);
        let tree = Frontier::from_bytes(size, &row.bytes("frontier")?);
        let tree = tree.filter(|tree| tree.root() == stored.root).ok_or_else(|| broken(chain))?;
        Ok(Some((stored, tree)))
    }

    /// The checkpoints of a chain, the smallest first.
    pub async fn checkpoints(&self, chain: &str) -> Result<Vec<StoredCheckpoint>> {
        let rows = sqlx::query("SELECT chain, size, root, note, at FROM checkpoints WHERE chain = $1 ORDER BY size");
        let rows = rows.bind(chain.to_owned()).fetch_all(self.read()).await?;
        rows.iter().map(checkpoint).collect()
    }

    /// The chains of which a checkpoint is due.
    pub async fn chains_to_check(&self, pace: CheckpointPace) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT c.name FROM chains c LEFT JOIN checkpoints k ON k.chain = c.name \
             AND k.size = (SELECT MAX(size) FROM checkpoints WHERE chain = c.name) \
             WHERE c.seq > COALESCE(k.size, 0) AND (c.seq - COALESCE(k.size, 0) >= $1 OR COALESCE(k.at, 0) <= $2) \
             ORDER BY c.name",
        );
        let rows = rows.bind(pace.events).bind((self.now() - pace.every).micros()).fetch_all(self.read()).await?;
        rows.iter().map(|row| row.text("name")).collect()
    }

    /// The oldest checkpoints that were not sent outside.
    pub async fn unsent_checkpoints(&self, limit: u32) -> Result<Vec<StoredCheckpoint>> {
        let rows = sqlx::query(
            "SELECT chain, size, root, note, at FROM checkpoints WHERE sent_at IS NULL ORDER BY at, chain, size LIMIT $1",
        );
        rows.bind(i64::from(limit)).fetch_all(self.read()).await?.iter().map(checkpoint).collect()
    }

    /// Notes that a checkpoint was sent outside.
    pub async fn checkpoint_sent(&self, sent: &StoredCheckpoint) -> Result<()> {
        let (store, sent) = (self.clone(), sent.clone());
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            sqlx::query("UPDATE checkpoints SET sent_at = $3 WHERE chain = $1 AND size = $2")
                .bind(sent.chain)
                .bind(sent.size)
                .bind(tx.now().micros())
                .execute(tx.on())
                .await?;
            tx.commit_counts().await
        })
        .await
    }

    /// The proof that an event is in the newest checkpoint; one is made if none covers it.
    pub async fn event_proof(&self, portal: &str, chain: &str, seq: i64) -> Result<EventProof> {
        let rows = sqlx::query("SELECT * FROM events WHERE chain = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq");
        let rows = rows.bind(chain.to_owned()).bind(seq.saturating_sub(1)).bind(seq).fetch_all(self.read()).await?;
        let row = rows.last().ok_or(Error::NotFound)?;
        let exported = Exported { event: event(row)?, hash: row.bytes("hash")? };
        if exported.event.seq != seq {
            return Err(Error::NotFound);
        }
        let hash_before = if rows.len() == 2 { rows[0].bytes("hash")? } else { Vec::new() };
        let checkpoint = match self.newest(chain).await? {
            Some((newest, _)) if newest.size >= seq => newest,
            _ => self.checkpoint(portal, chain).await?,
        };
        let index = u64::try_from(seq - 1).map_err(|_| Error::NotFound)?;
        let mut inclusion = Inclusion::of(index);
        self.each_hash(chain, 0, checkpoint.size, &mut |hash| inclusion.push(leaf_hash(hash))).await?;
        let path = inclusion.end().ok_or_else(|| broken(chain))?;
        let size = u64::try_from(checkpoint.size).unwrap_or(0);
        if !is_included(leaf_hash(&exported.hash), index, size, &path, &checkpoint.root) {
            return Err(broken(chain));
        }
        let (root, note) = (checkpoint.root, checkpoint.note);
        Ok(EventProof { event: exported, hash_before, leaf_index: index, tree_size: size, root, path, note })
    }

    /// Calls `each` with the hashes of events, in order; returns whether there is one for each number.
    async fn each_hash(
        &self,
        chain: &str,
        after: i64,
        until: i64,
        each: &mut (impl FnMut(&[u8]) + Send),
    ) -> Result<bool> {
        let mut at = after;
        while at < until {
            let rows = sqlx::query(
                "SELECT seq, hash FROM events WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
            )
            .bind(chain.to_owned())
            .bind(at)
            .bind(until)
            .bind(CHUNK)
            .fetch_all(self.read())
            .await?;
            if rows.is_empty() {
                return Ok(false);
            }
            for row in rows {
                if row.int("seq")? != at + 1 {
                    return Ok(false);
                }
                each(&row.bytes("hash")?);
                at += 1;
            }
        }
        Ok(at == until)
    }
}

pub(super) fn checkpoint(row: &AnyRow) -> Result<StoredCheckpoint> {
    let chain = row.text("chain")?;
    let root = row.bytes("root")?.try_into().map_err(|_| broken(&chain))?;
    Ok(StoredCheckpoint { size: row.int("size")?, root, note: row.text("note")?, at: row.time("at")?, chain })
}

fn broken(chain: &str) -> Error {
    Error::Unavailable(format!(
        "the audit log {chain} does not fit its hashes or checkpoints; to find out where: sallyport audit verify --org {chain}"
    ))
}
