//! The shape of the keys of an import: they have no checksum, so this decides which presented keys are looked up as one
//! of them.

use crate::Invalid;

/// The longest prefix, in bytes.
const MOST_PREFIX: usize = 32;
/// The shortest key: less is soon guessed.
pub const SHORTEST: usize = 12;
/// The longest key.
pub const LONGEST: usize = 255;

/// Which keys an import may contain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportRule {
    /// What each begins with; may be empty.
    pub prefix: String,
    pub min_length: usize,
    pub max_length: usize,
}

/// A rule as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleInput {
    pub prefix: Option<String>,
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
}

impl RuleInput {
    /// The rule. What was left out is not restricted further than any key is.
    pub fn check(&self) -> Result<ImportRule, Invalid> {
        let mut invalid = Invalid::default();
        let prefix = self.prefix.clone().unwrap_or_default();
        if prefix.len() > MOST_PREFIX || !prefix.bytes().all(is_of_key) {
            invalid.push("prefix", format!("Up to {MOST_PREFIX} printable ASCII characters, without spaces."));
        }
        let (min_length, max_length) = (self.min_length.unwrap_or(SHORTEST), self.max_length.unwrap_or(LONGEST));
        for (field, length) in [("min_length", min_length), ("max_length", max_length)] {
            if !(SHORTEST..=LONGEST).contains(&length) {
                invalid.push(field, format!("Write a number from {SHORTEST} to {LONGEST}."));
            }
        }
        if min_length > max_length {
            invalid.push("max_length", "It is less than the shortest length.");
        }
        invalid.or(ImportRule { prefix, min_length, max_length })
    }
}

impl ImportRule {
    /// Whether a presented key has this shape.
    pub fn admits(&self, key: &str) -> bool {
        (self.min_length..=self.max_length).contains(&key.len())
            && key.starts_with(&self.prefix)
            && key.bytes().all(is_of_key)
    }

    /// Whether it admits every key that the other does.
    pub fn covers(&self, other: &Self) -> bool {
        self.min_length <= other.min_length
            && self.max_length >= other.max_length
            && other.prefix.starts_with(&self.prefix)
    }

    /// The same with the lengths of the keys of a file, if all of them are known: fewer foreign texts are looked up.
    pub(super) fn narrowed(self, lengths: impl Iterator<Item = Option<usize>>) -> Self {
        let known: Option<Vec<usize>> = lengths.collect();
        match known.as_deref() {
            Some(lengths @ [_, ..]) => Self {
                min_length: lengths.iter().copied().min().unwrap_or(self.min_length),
                max_length: lengths.iter().copied().max().unwrap_or(self.max_length),
                ..self
            },
            _ => self,
        }
    }
}

/// What a header can carry as a key: printable ASCII without spaces.
fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_graphic()
}
