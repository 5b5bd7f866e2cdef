//! The Merkle tree over the hashes of a chain's events (RFC 6962, section 2.1): the leaf of an event is the hash stored
//! with it. Everything but consistency proofs is computed from a stream of leaves.

use sha2::{Digest as _, Sha256};

/// A hash in the tree.
pub type Hash = [u8; 32];

/// The hash of a leaf.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// What is left of a tree to append to it: the roots of its complete subtrees, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        // As many complete subtrees grow together as the size ends in ones.
        for _ in 0..self.size.trailing_ones() {
            let left = self.roots.pop().expect("there is a root for each bit of the size");
            root = node_hash(&left, &root);
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its complete subtrees, the largest first.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        match roots.next() {
            None => Sha256::digest([]).into(),
            Some(last) => roots.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// As stored beside the size.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.concat()
    }

    /// `None` if no tree of this size is stored like this.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (roots, rest) = bytes.as_chunks::<32>();
        let is_whole = rest.is_empty() && roots.len() == size.count_ones() as usize;
        is_whole.then(|| Self { size, roots: roots.to_vec() })
    }
}

/// Collects the inclusion proof of one leaf while the leaves of the tree are appended.
#[derive(Debug)]
pub struct Inclusion {
    index: u64,
    size: u64,
    /// As in [`Frontier`], and whether the leaf is in it.
    roots: Vec<(Hash, bool)>,
    path: Vec<Hash>,
}

impl Inclusion {
    /// The proof of the leaf with this index, from 0.
    pub fn of(index: u64) -> Self {
        Self { index, size: 0, roots: Vec::new(), path: Vec::new() }
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.append((leaf, self.size == self.index), 0);
    }

    /// Appends a complete subtree of 2^`level` leaves by its root. The leaf is not in it, and the number of leaves before it
    /// is a multiple of its own.
    pub fn push_subtree(&mut self, root: Hash, level: u32) {
        self.append((root, false), level);
    }

    fn append(&mut self, mut root: (Hash, bool), level: u32) {
        for _ in 0..(self.size >> level).trailing_ones() {
            let left = self.roots.pop().expect("there is a root for each bit of the size");
            root = self.joined(left, root);
        }
        self.roots.push(root);
        self.size += 1 << level;
    }

    fn joined(&mut self, left: (Hash, bool), right: (Hash, bool)) -> (Hash, bool) {
        match (left.1, right.1) {
            (true, _) => self.path.push(right.0),
            (_, true) => self.path.push(left.0),
            _ => {}
        }
        (node_hash(&left.0, &right.0), left.1 || right.1)
    }

    /// The hashes of the proof, from the leaf upwards; `None` if the tree has no such leaf.
    pub fn end(mut self) -> Option<Vec<Hash>> {
        let mut root = self.roots.pop()?;
        while let Some(left) = self.roots.pop() {
            root = self.joined(left, root);
        }
        root.1.then_some(self.path)
    }
}

/// Whether a proof shows that the leaf is in the tree (RFC 9162, section 2.1.3.2).
pub fn is_included(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for other in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node_hash(other, &hash);
            while at % 2 == 0 && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            hash = node_hash(&hash, other);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && hash == *root
}

/// The proof that the tree of the first `size` leaves is the beginning of the tree of all (RFC 6962, section 2.1.2).
/// `None` unless there are that many.
pub fn consistency_proof(leaves: &[Hash], size: usize) -> Option<Vec<Hash>> {
    (1..=leaves.len()).contains(&size).then(|| {
        let mut proof = Vec::new();
        subproof(size, leaves, true, &mut proof);
        proof
    })
}

fn subproof(size: usize, leaves: &[Hash], is_known: bool, proof: &mut Vec<Hash>) {
    if size == leaves.len() {
        if !is_known {
            proof.push(root_of(leaves));
        }
        return;
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if size <= left.len() {
        subproof(size, left, is_known, proof);
        proof.push(root_of(right));
    } else {
        subproof(size - left.len(), right, false, proof);
        proof.push(root_of(left));
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: usize) -> usize {
    size.div_ceil(2).next_power_of_two()
}

fn root_of(leaves: &[Hash]) -> Hash {
    let mut tree = Frontier::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

/// Whether a proof shows that a tree is the beginning of another (RFC 9162, section 2.1.4.2). Each is given by its size,
/// which is at least 1, and its root.
pub fn is_consistent(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((old, old_root), (new, new_root)) = (old, new);
    if old == 0 || old >= new {
        return old == new && old > 0 && proof.is_empty() && old_root == new_root;
    }
    // A complete tree is a subtree of the new one, and left out of the proof.
    let known = old.is_power_of_two().then_some(old_root);
    let mut hashes = known.into_iter().chain(proof);
    let Some(first) = hashes.next() else { return false };
    let (mut at, mut last) = (old - 1, new - 1);
    while at % 2 == 1 {
        (at, last) = (at / 2, last / 2);
    }
    let (mut of_old, mut of_new) = (*first, *first);
    for hash in hashes {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            (of_old, of_new) = (node_hash(hash, &of_old), node_hash(hash, &of_new));
            while at % 2 == 0 && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            of_new = node_hash(&of_new, hash);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && of_old == *old_root && of_new == *new_root
}

#[cfg(test)]
mod tests;
