//! Checkpoints of the chains, and proofs that an event is in one.

use std::time::Duration;

use sqlx::any::AnyRow;

use super::{Store, detached, events::event, row::Read};
use crate::{
    Error, Result, Timestamp,
    audit::{
        Act, Actor, Salts,
        checkpoint::{BadNote, Checkpoint},
        export::Exported,
        proof::EventProof,
        public_keys::PublicKeys,
        tree::{Frontier, Hash, is_included, leaf_hash},
    },
};

/// A newer checkpoint than this is given again to whoever asks, also if there were events since.
const FRESH: Duration = Duration::from_secs(60);

/// How many of the newest checkpoints are looked at for one that can be continued.
const TRIED: i64 = 8;

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

impl StoredCheckpoint {
    /// Whether it is what was signed: who can write to the database can change each part of it but the note.
    fn is_as_signed(&self, chain: &str, signed: &Checkpoint) -> bool {
        let size = u64::try_from(self.size).ok();
        signed.chain() == chain && size == Some(signed.size) && self.root == signed.root
    }
}

/// When a checkpoint is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointPace {
    /// After so many events.
    pub events: i64,
    /// So long after the last one, if there were events since.
    pub every: Duration,
}

/// The newest checkpoint of a chain, as far as it may be continued.
enum Newest {
    None,
    Good {
        stored: StoredCheckpoint,
        tree: Frontier,
        first_format: u64,
    },
    /// Its key was revoked.
    Revoked,
    /// It is not what was signed.
    Wrong,
}

impl Store {
    /// A checkpoint of all events of a chain: the one that is there, or a new one.
    pub async fn checkpoint(&self, portal: &str, chain: &str) -> Result<StoredCheckpoint> {
        // First: a new key is an event, too.
        let key = self.signing_key().await?;
        let head = sqlx::query("SELECT seq, hash FROM chains WHERE name = $1").bind(chain.to_owned());
        let head = head.fetch_optional(self.read()).await?.ok_or(Error::NotFound)?;
        let size = head.int("seq")?;
        let newest = self.newest(chain).await?;
        let replaces = matches!(newest, Newest::Revoked);
        let (mut tree, covered, first_format) = match newest {
            Newest::Good { stored, .. } if stored.size == size => return Ok(stored),
            Newest::Good { stored, tree, first_format } => (tree, stored.size, first_format),
            Newest::None | Newest::Wrong | Newest::Revoked => {
                (Frontier::default(), 0, self.first_format(chain, size).await?)
            }
        };
        let _turn = self.turn_to_read(size - covered)?;
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
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root(), first_format };
        let note = checkpoint.signed(&key, portal);
        let at = self.now();
        let stored = StoredCheckpoint { chain: chain.to_owned(), size, root: checkpoint.root, note, at };
        self.keep_checkpoint(stored.clone(), tree.to_bytes(), replaces).await?;
        Ok(stored)
    }

    /// The same, unless one was made in the last minute: it may lack the newest events.
    pub async fn recent_checkpoint(&self, portal: &str, chain: &str) -> Result<StoredCheckpoint> {
        let now = self.now();
        match self.newest(chain).await? {
            // Nobody signed when it was made: one of the future must not be the last for ever.
            Newest::Good { stored, .. } if stored.at <= now && now.since(stored.at) < FRESH => Ok(stored),
            _ => self.checkpoint(portal, chain).await,
        }
    }

    /// How many events at the beginning of a chain are in the first format. It is found out before the first checkpoint,
    /// and then goes from each to the next. If it has to be found out again, it is not more than was signed once, be it with a
    /// key that was revoked: a smaller number proves no more.
    async fn first_format(&self, chain: &str, size: i64) -> Result<u64> {
        let other = "SELECT seq FROM events WHERE chain = $1 AND length(salts) > 0 ORDER BY seq LIMIT 1";
        let other = sqlx::query(other).bind(chain.to_owned()).fetch_optional(self.read()).await?;
        let events = match other {
            Some(other) => size.min(other.int("seq")? - 1),
            None => size,
        };
        let events = u64::try_from(events).unwrap_or(0);
        let oldest = sqlx::query("SELECT note FROM checkpoints WHERE chain = $1 ORDER BY size LIMIT 1");
        let Some(oldest) = oldest.bind(chain.to_owned()).fetch_optional(self.read()).await? else { return Ok(events) };
        let keys = self.public_keys().await?;
        let signed = Checkpoint::open(&oldest.text("note")?, &[keys.valid, keys.revoked].concat());
        Ok(signed.map_or(events, |signed| events.min(signed.first_format)))
    }

    /// Another server may have made the same one meanwhile. One whose key was revoked is replaced.
    async fn keep_checkpoint(&self, made: StoredCheckpoint, frontier: Vec<u8>, replaces: bool) -> Result<()> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let instead = if replaces {
                "UPDATE SET root = excluded.root, note = excluded.note, frontier = excluded.frontier, at = excluded.at, \
                 sent_at = NULL, posted_at = NULL"
            } else {
                "NOTHING"
            };
            let insert = format!(
                "INSERT INTO checkpoints (chain, size, root, note, frontier, at) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (chain, size) DO {instead}"
            );
            sqlx::query(sqlx::AssertSqlSafe(insert))
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

    /// The newest checkpoint of a chain.
    async fn newest(&self, chain: &str) -> Result<Newest> {
        let rows = sqlx::query("SELECT * FROM checkpoints WHERE chain = $1 ORDER BY size DESC LIMIT $2");
        let rows = rows.bind(chain.to_owned()).bind(TRIED).fetch_all(self.read()).await?;
        let keys = self.public_keys().await?;
        let mut newest = Newest::None;
        // One that somebody added does not keep the good ones from being continued.
        for row in &rows {
            match newest_of(chain, row, &keys)? {
                Newest::Wrong if matches!(newest, Newest::None) => newest = Newest::Wrong,
                Newest::Wrong => {}
                other => return Ok(other),
            }
        }
        Ok(newest)
    }

    /// The checkpoints of a chain, the smallest first.
    pub async fn checkpoints(&self, chain: &str) -> Result<Vec<StoredCheckpoint>> {
        let rows = sqlx::query("SELECT chain, size, root, note, at FROM checkpoints WHERE chain = $1 ORDER BY size");
        let rows = rows.bind(chain.to_owned()).fetch_all(self.read()).await?;
        rows.iter().map(checkpoint).collect()
    }

    /// The name under which the last checkpoint was signed.
    pub async fn last_portal(&self) -> Result<Option<String>> {
        let note = sqlx::query("SELECT note FROM checkpoints ORDER BY at DESC, chain LIMIT 1");
        let Some(row) = note.fetch_optional(self.read()).await? else { return Ok(None) };
        let signed = self.public_keys().await?.open(&row.text("note")?).ok();
        Ok(signed.and_then(|signed| Some(signed.origin.rsplit_once('/')?.0.to_owned())))
    }

    /// The chains of which a checkpoint is due.
    pub async fn chains_to_check(&self, pace: CheckpointPace) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT c.name FROM chains c LEFT JOIN checkpoints k ON k.chain = c.name \
             AND k.size = (SELECT MAX(size) FROM checkpoints WHERE chain = c.name AND size <= c.seq) \
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
            sqlx::query("UPDATE checkpoints SET sent_at = $3 WHERE chain = $1 AND size = $2 AND note = $4")
                .bind(sent.chain)
                .bind(sent.size)
                .bind(tx.now().micros())
                .bind(sent.note)
                .execute(tx.on())
                .await?;
            tx.commit_counts().await
        })
        .await
    }

    /// The proof that an event is in the newest checkpoint; one is made if none covers it.
    pub async fn event_proof(&self, portal: &str, chain: &str, seq: i64) -> Result<EventProof> {
        let row = sqlx::query("SELECT * FROM events WHERE chain = $1 AND seq = $2").bind(chain.to_owned()).bind(seq);
        let Some(row) = row.fetch_optional(self.read()).await? else {
            let is_pruned = (1..=self.pruned_until(chain).await?).contains(&seq);
            let message = "This event was removed because of its age: only its hash is left, which proves nothing.";
            let pruned = Error::Conflict { code: "only_hash", message: message.to_owned() };
            return Err(if is_pruned { pruned } else { Error::NotFound });
        };
        let exported = Exported { event: event(&row)?, hash: row.bytes("hash")? };
        let mut hash_before = Vec::new();
        self.each_hash(chain, (seq - 2).max(0), seq - 1, &mut |hash| hash_before = hash.to_vec()).await?;
        if exported.event.salts == Salts::ErasedFirst {
            let message =
                "This event was written by an early version and erased: only its hash is left, which proves nothing.";
            return Err(Error::Conflict { code: "only_hash", message: message.to_owned() });
        }
        // What is shown is what its hash says, and not what somebody wrote into the row.
        if !exported.event.has_hash(&hash_before, &exported.hash) {
            return Err(broken(chain));
        }
        let checkpoint = match self.newest(chain).await? {
            Newest::Good { stored, .. } if stored.size >= seq => stored,
            _ => self.checkpoint(portal, chain).await?,
        };
        let index = u64::try_from(seq - 1).map_err(|_| Error::NotFound)?;
        let size = u64::try_from(checkpoint.size).unwrap_or(0);
        let leads = |path: &Vec<Hash>| is_included(leaf_hash(&exported.hash), index, size, path, &checkpoint.root);
        let path = match self.inclusion_path(chain, seq - 1, checkpoint.size).await?.filter(leads) {
            Some(path) => path,
            None => {
                // Somebody changed the stored nodes, or the events.
                self.forget_nodes(chain).await?;
                let path = self.inclusion_path(chain, seq - 1, checkpoint.size).await?;
                path.filter(leads).ok_or_else(|| broken(chain))?
            }
        };
        let (root, note) = (checkpoint.root, checkpoint.note);
        Ok(EventProof { event: exported, hash_before, leaf_index: index, tree_size: size, root, path, note })
    }
}

/// What a stored row is good for.
fn newest_of(chain: &str, row: &AnyRow, keys: &PublicKeys) -> Result<Newest> {
    let wrong = |why: &str| {
        let size = row.int("size").unwrap_or_default();
        tracing::error!(chain, size, "a checkpoint in the database is not used, because {why}");
        Newest::Wrong
    };
    let signed = match keys.open(&row.text("note")?) {
        Ok(signed) => signed,
        Err(BadNote::Revoked) => return Ok(Newest::Revoked),
        Err(error) => return Ok(wrong(&error.to_string())),
    };
    let tree = Frontier::from_bytes(signed.size, &row.bytes("frontier")?);
    let tree = tree.filter(|tree| tree.root() == signed.root);
    let stored = checkpoint(row)?;
    Ok(match tree {
        Some(tree) if stored.is_as_signed(chain, &signed) => {
            Newest::Good { stored, tree, first_format: signed.first_format }
        }
        _ => wrong("it does not fit its own signed note"),
    })
}

/// A stored checkpoint that is what was signed, with a key that was not revoked.
pub(super) fn good_checkpoint(chain: &str, row: &AnyRow, keys: &PublicKeys) -> Result<Option<StoredCheckpoint>> {
    let stored = checkpoint(row)?;
    let is_good = keys.open(&stored.note).is_ok_and(|signed| stored.is_as_signed(chain, &signed));
    Ok(is_good.then_some(stored))
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
