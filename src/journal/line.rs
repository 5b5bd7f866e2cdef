//! A line of the journal: `MAC REVISION TIME WHAT`. The MAC covers the one before, too, so the lines are a chain.

use super::{
    Entry,
    key::{JournalKey, Mac},
};
use crate::audit::hex;

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub revision: i64,
    /// When it was committed, in microseconds.
    pub at: i64,
    /// A list of entries in JSON; `null` if nobody knows.
    pub what: String,
}

impl Line {
    pub fn new(revision: i64, at: i64, entries: &[Entry]) -> Self {
        Self { revision, at, what: to_json(entries) }
    }

    /// What was changed; `None` if that is not known, or this version does not understand it.
    pub fn entries(&self) -> Option<Vec<Entry>> {
        serde_json::from_str(&self.what).ok()
    }

    fn body(&self) -> String {
        format!("{} {} {}", self.revision, self.at, self.what)
    }

    /// Appends its text, and returns its MAC.
    pub(super) fn write(&self, key: &JournalKey, before: &Mac, text: &mut String) -> Mac {
        let body = self.body();
        let mac = key.mac(before, &body);
        text.push_str(&hex(&mac));
        text.push(' ');
        text.push_str(&body);
        text.push('\n');
        mac
    }

    /// Parses a line without its end; `None` if it is not what was written after the one with that MAC.
    pub(super) fn read(key: &JournalKey, before: &Mac, text: &str) -> Option<(Self, Mac)> {
        let (given, body) = text.split_once(' ')?;
        let mac = key.mac(before, body);
        if !key.is_mac(&mac, given) {
            return None;
        }
        let mut parts = body.splitn(3, ' ');
        let (revision, at, what) = (parts.next()?, parts.next()?, parts.next()?);
        Some((Self { revision: revision.parse().ok()?, at: at.parse().ok()?, what: what.to_owned() }, mac))
    }
}

/// Entries, as a line has them.
pub fn to_json(entries: &[Entry]) -> String {
    serde_json::to_string(entries).unwrap_or_else(|_| "null".to_owned())
}
