//! What a restore did.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Up to this revision the database had everything.
    pub common: i64,
    /// The newest that a journal has.
    pub last: i64,
    /// How many events of each kind there were.
    pub applied: BTreeMap<&'static str, u64>,
    pub ended: Ended,
}

/// What lets people in, and was ended: it may have been ended after the backup, and is nowhere noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub sessions: u64,
    pub invitations: u64,
    pub password_resets: u64,
    pub handovers: u64,
    pub device_codes: u64,
    pub command_lines: u64,
}

impl Ended {
    pub(super) fn details(self) -> Value {
        json!({
            "sessions": self.sessions,
            "invitations": self.invitations,
            "password_resets": self.password_resets,
            "handovers": self.handovers,
            "device_codes": self.device_codes,
            "command_lines": self.command_lines,
        })
    }
}
