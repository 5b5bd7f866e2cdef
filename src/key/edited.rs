//! A key's label and notes, which one form sends. Its permissions are changed separately (`change.rs`).

use super::{Metadata, new::check_label};
use crate::Invalid;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditedKey {
    pub label: String,
    pub metadata: Metadata,
}

impl EditedKey {
    pub fn check(label: &str, metadata: &str) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let label = invalid.take(check_label(label));
        let metadata = invalid.take(Metadata::check(metadata));
        invalid.or(Self { label, metadata })
    }
}
