//! What may be changed of a key after it was issued: its words, never what it allows.

use super::Metadata;
use crate::{Invalid, text};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditedKey {
    pub label: String,
    pub metadata: Metadata,
}

impl EditedKey {
    pub fn check(label: &str, metadata: &str) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let label = invalid.take(text::line("label", label, 100, "Give the key a label: say where it runs."));
        let metadata = invalid.take(Metadata::check(metadata));
        invalid.or(Self { label, metadata })
    }
}
