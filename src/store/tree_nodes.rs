//! The roots of complete subtrees over a chain's hashes, from which a proof is put together without reading all of them.

use std::collections::HashMap;

use tokio::sync::SemaphorePermit;

use super::{Store, detached, row::Read, rows::Cell};
use crate::{
    Error, Result,
    audit::{
        Act, Actor,
        tree::{Frontier, Hash, Inclusion, leaf_hash},
    },
};

/// Hashes read at once.
const CHUNK: i64 = 5_000;

/// From so many hashes on, reading them is work of which only little is done at a time.
const MANY: i64 = 50_000;

/// The levels that are stored: subtrees of 1,024 leaves, and of 1,024 of these.
const LEVEL: u32 = 10;
const UPPER: u32 = 20;

/// Nodes written at once.
const WRITTEN: usize = 100;

/// How many leaves a subtree of this level has.
fn leaves(level: u32) -> i64 {
    1 << level
}

/// A part of a tree: a stored node by its level and number, or the leaves after an index and up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Node(u32, i64),
    Leaves(i64, i64),
}

/// The parts of which a tree is put together to find the path from one leaf: the largest nodes that do not contain it. The
/// levels are those that are stored, the upper one first.
fn pieces(index: i64, size: i64, levels: [u32; 2]) -> Vec<Piece> {
    let (mut pieces, mut at) = (Vec::new(), 0);
    while at < size {
        let fits = |level: &u32| {
            let until = at + leaves(*level);
            at % leaves(*level) == 0 && until <= size && !(at..until).contains(&index)
        };
        let (piece, until) = match levels.into_iter().find(fits) {
            Some(level) => (Piece::Node(level, at >> level), at + leaves(level)),
            None => {
                let until = size.min((at / leaves(levels[1]) + 1) * leaves(levels[1]));
                (Piece::Leaves(at, until), until)
            }
        };
        pieces.push(piece);
        at = until;
    }
    pieces
}

impl Store {
    /// Waits for nobody: too many long reads of logs at once are refused.
    pub(super) fn turn_to_read(&self, hashes: i64) -> Result<Option<SemaphorePermit<'_>>> {
        if hashes < MANY {
            return Ok(None);
        }
        let busy = "Other proofs or checkpoints of long logs are being made; try again in a few seconds.";
        self.0.long_reads.try_acquire().map(Some).map_err(|_| Error::Busy(busy))
    }

    /// Calls `each` with the hashes of events, those of pruned ones included, in order; returns whether there is one for each number.
    pub(super) async fn each_hash(
        &self,
        chain: &str,
        after: i64,
        until: i64,
        each: &mut (impl FnMut(&[u8]) + Send),
    ) -> Result<bool> {
        let mut at = after;
        while at < until {
            let rows = sqlx::query(
                "SELECT seq, hash FROM pruned_events WHERE chain = $1 AND seq > $2 AND seq <= $3 \
                 UNION ALL SELECT seq, hash FROM events WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
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

    /// The path from a leaf, by its index from 0, to the root of the tree of `size` leaves. Nobody signed the stored nodes:
    /// whoever uses the path compares the root that it leads to. `None` if hashes or nodes are missing.
    pub(super) async fn inclusion_path(&self, chain: &str, index: i64, size: i64) -> Result<Option<Vec<Hash>>> {
        self.grow_nodes(chain, size).await?;
        let nodes = self.nodes_beside(chain, index, size).await?;
        let mut inclusion = Inclusion::of(u64::try_from(index).unwrap_or(u64::MAX));
        for piece in pieces(index, size, [UPPER, LEVEL]) {
            match piece {
                Piece::Node(level, n) => match nodes.get(&(level, n)) {
                    Some(root) => inclusion.push_subtree(*root, level),
                    None => return Ok(None),
                },
                Piece::Leaves(after, until) => {
                    let mut push = |hash: &[u8]| inclusion.push(leaf_hash(hash));
                    if !self.each_hash(chain, after, until, &mut push).await? {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(inclusion.end())
    }

    /// The nodes that a path may need: those below the upper subtree of the leaf, those after the last upper one, and all
    /// upper ones.
    async fn nodes_beside(&self, chain: &str, index: i64, size: i64) -> Result<HashMap<(u32, i64), Hash>> {
        let [around, rest] = [index >> UPPER, size >> UPPER].map(|upper| upper << (UPPER - LEVEL));
        let rows = sqlx::query(
            "SELECT level, n, hash FROM tree_nodes WHERE chain = $1 AND ((level = 20 AND n < $2) \
             OR (level = 10 AND n >= $3 AND n < $4) OR (level = 10 AND n >= $5 AND n < $6))",
        )
        .bind(chain.to_owned())
        .bind(size >> UPPER)
        .bind(around)
        .bind((size >> LEVEL).min(around + (1 << (UPPER - LEVEL))))
        .bind(rest)
        .bind(size >> LEVEL)
        .fetch_all(self.read())
        .await?;
        let node = |row: &sqlx::any::AnyRow| {
            let level = u32::try_from(row.int("level")?).unwrap_or(0);
            Ok(row.bytes("hash")?.try_into().ok().map(|hash| ((level, row.int("n").unwrap_or(-1)), hash)))
        };
        Ok(rows.iter().map(node).collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Stores the nodes that are complete with so many leaves and not there yet.
    async fn grow_nodes(&self, chain: &str, size: i64) -> Result<()> {
        let next = self.next_node(chain, LEVEL).await?;
        let end = size >> LEVEL;
        if next < end {
            let _turn = self.turn_to_read((end - next) << LEVEL)?;
            for from in (next..end).step_by(WRITTEN) {
                let until = end.min(from + WRITTEN as i64);
                let (mut tree, mut made) = (Frontier::default(), Vec::new());
                let mut push = |hash: &[u8]| {
                    tree.push(leaf_hash(hash));
                    if tree.size() == 1 << LEVEL {
                        made.push(std::mem::take(&mut tree).root());
                    }
                };
                // Where events are missing there is no tree; whoever needs the nodes notices.
                if !self.each_hash(chain, from << LEVEL, until << LEVEL, &mut push).await? {
                    return Ok(());
                }
                self.insert_nodes(chain, LEVEL, from, made).await?;
            }
        }
        for n in self.next_node(chain, UPPER).await?..size >> UPPER {
            let first = n << (UPPER - LEVEL);
            let rows = sqlx::query(
                "SELECT hash FROM tree_nodes WHERE chain = $1 AND level = $2 AND n >= $3 AND n < $4 ORDER BY n",
            )
            .bind(chain.to_owned())
            .bind(i64::from(LEVEL))
            .bind(first)
            .bind(first + (1 << (UPPER - LEVEL)))
            .fetch_all(self.read())
            .await?;
            let mut tree = Frontier::default();
            for row in &rows {
                tree.push(row.bytes("hash")?.try_into().unwrap_or_default());
            }
            if tree.size() == 1 << (UPPER - LEVEL) {
                self.insert_nodes(chain, UPPER, n, vec![tree.root()]).await?;
            }
        }
        Ok(())
    }

    async fn next_node(&self, chain: &str, level: u32) -> Result<i64> {
        let last = sqlx::query("SELECT MAX(n) AS last FROM tree_nodes WHERE chain = $1 AND level = $2");
        let last = last.bind(chain.to_owned()).bind(i64::from(level)).fetch_one(self.read()).await?;
        Ok(last.int_opt("last")?.map_or(0, |last| last + 1))
    }

    /// Another server may store the same meanwhile.
    async fn insert_nodes(&self, chain: &str, level: u32, from: i64, roots: Vec<Hash>) -> Result<()> {
        let rows: Vec<_> = (from..)
            .zip(roots)
            .map(|(n, root)| -> [Cell; 4] {
                [chain.to_owned().into(), i64::from(level).into(), n.into(), root.to_vec().into()]
            })
            .collect();
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            let insert = "INSERT INTO tree_nodes (chain, level, n, hash) SELECT chain, level, node, hash FROM v WHERE v.n > 0 \
                 ON CONFLICT (chain, level, n) DO NOTHING";
            store.with_rows(["chain", "level", "node", "hash"], rows, insert).execute(tx.on()).await?;
            tx.commit_counts().await
        })
        .await
    }

    /// Deletes the stored nodes of a chain, so that they are computed from the events again.
    pub(super) async fn forget_nodes(&self, chain: &str) -> Result<()> {
        let (store, chain) = (self.clone(), chain.to_owned());
        detached(async move {
            let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
            sqlx::query("DELETE FROM tree_nodes WHERE chain = $1").bind(chain).execute(tx.on()).await?;
            tx.commit_counts().await
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn root_of(leaves: &[Hash]) -> Hash {
        let mut tree = Frontier::default();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree.root()
    }

    proptest! {
        #[test]
        fn the_pieces_lead_to_the_same_path(size in 1_i64..200, at in 0_i64..200) {
            let (index, levels) = (at % size, [4, 2]);
            let all: Vec<_> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
            let mut whole = Inclusion::of(index as u64);
            all.iter().for_each(|leaf| whole.push(*leaf));
            let mut pieced = Inclusion::of(index as u64);
            let pieces = pieces(index, size, levels);
            for piece in &pieces {
                match *piece {
                    Piece::Node(level, n) => {
                        let leaves = &all[(n << level) as usize..((n + 1) << level) as usize];
                        pieced.push_subtree(root_of(leaves), level);
                    }
                    Piece::Leaves(after, until) => {
                        all[after as usize..until as usize].iter().for_each(|leaf| pieced.push(*leaf));
                    }
                }
            }
            prop_assert_eq!(pieced.end(), whole.end());
            // All upper nodes but one, and at most four lower ones and leaves beside and after it.
            prop_assert!(pieces.len() as i64 <= size / 16 + 2 * 4 + 2);
        }
    }
}
