//! Notices about keys: what is going to happen to a key, told some days before to those who may do something about it.

use crate::{
    Timestamp,
    id::{KeyId, OrgId},
};

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyNoticeKind {
    /// The key expires.
    Expiry,
    /// Its secret gets as old as the rules allow.
    Rotation,
    /// It will be paused, as nobody uses it.
    Pause,
    /// Its old secret ends soon, and is still in use.
    CutOff,
}

impl KeyNoticeKind {
    pub const ALL: [Self; 4] = [Self::Expiry, Self::Rotation, Self::Pause, Self::CutOff];

    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::Rotation => "rotation",
            Self::Pause => "pause",
            Self::CutOff => "cut_off",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A key that a mail tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNotice {
    pub kind: KeyNoticeKind,
    pub key: KeyId,
    pub label: String,
    pub org: OrgId,
    pub org_name: String,
    /// When it happens.
    pub at: Timestamp,
    /// It should have happened already: the rule is new.
    pub is_past: bool,
}
