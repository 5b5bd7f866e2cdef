//! Whether a secret begins at a place.

use super::{Kind, Pattern, TAIL};
use crate::{key::secret::Checked, profile::Profile};

/// Recognizes the secrets of a deployment.
pub struct Finder {
    patterns: Vec<Pattern>,
    /// Whether a prefix begins with this byte: most places are passed by this alone.
    begins: [bool; 256],
    longest: usize,
}

impl Finder {
    pub fn new(profile: &Profile) -> Self {
        let patterns = Pattern::of_profile(profile);
        let mut begins = [false; 256];
        for first in patterns.iter().filter_map(|pattern| pattern.prefix.bytes().next()) {
            begins[usize::from(first)] = true;
        }
        let longest = patterns.iter().map(|pattern| pattern.prefix.len() + TAIL).max().unwrap_or(TAIL);
        Self { patterns, begins, longest }
    }

    /// The length of the longest secret.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The text with the shortened form in place of each secret in it.
    pub fn masked(&self, text: &str) -> String {
        let (mut masked, mut at) = (String::with_capacity(text.len()), 0);
        while let Some(next) = text[at..].chars().next() {
            match self.at_start(&text.as_bytes()[at..]) {
                Some((_, shown, length)) => {
                    masked.push_str(&shown);
                    at += length;
                }
                None => {
                    masked.push(next);
                    at += next.len_utf8();
                }
            }
        }
        masked
    }

    /// The secret that begins with the first of these bytes: its kind, its shortened form and its length. What follows it
    /// does not matter, since the checksum says where it ends.
    pub(super) fn at_start(&self, bytes: &[u8]) -> Option<(Kind, String, usize)> {
        if !self.begins[usize::from(*bytes.first()?)] {
            return None;
        }
        let pattern = self.patterns.iter().find(|pattern| bytes.starts_with(pattern.prefix.as_bytes()))?;
        let length = pattern.prefix.len() + TAIL;
        let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
        Some((pattern.kind, Checked::parse(&pattern.prefix, text)?.shown(), length))
    }
}
