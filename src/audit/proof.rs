//! The proof that an event is in the log, for somebody who has nothing but the public keys.

use super::{export::Exported, tree::Hash};

/// An event, the path from its leaf to the root of a tree, and the checkpoint with this root.
#[derive(Clone, Debug)]
pub struct EventProof {
    pub event: Exported,
    /// The hash of the event before it; empty for the first.
    pub hash_before: Vec<u8>,
    pub leaf_index: u64,
    pub tree_size: u64,
    pub root: Hash,
    /// From the leaf upwards.
    pub path: Vec<Hash>,
    /// The signed checkpoint.
    pub note: String,
}
