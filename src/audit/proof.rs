//! The proof that an event is in the log, for somebody who has nothing but the public keys.

use serde_json::{Value, json};

use super::{export::Exported, personal::hex, tree::Hash};
use crate::export::ExportRow;

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

impl EventProof {
    /// The proof as a file, which docs/audit.md describes.
    pub fn json(&self) -> Value {
        json!({
            "event": self.event.json(),
            "previous_hash": hex(&self.hash_before),
            "leaf_index": self.leaf_index,
            "tree_size": self.tree_size,
            "root": hex(&self.root),
            "hashes": self.path.iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
            "checkpoint": self.note,
        })
    }
}
