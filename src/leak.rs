//! Leaks: a secret that somebody has who should not, reported by whoever found it.

pub mod reported;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What is done about a key that leaked, by the rules of its organization; the strongest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakResponse {
    /// People are told.
    Announce,
    /// It is refused until an owner or admin resumes it.
    Pause,
    /// The default: whoever has the whole secret can do anything that the key can, and a pause only puts that off.
    #[default]
    Revoke,
}

impl LeakResponse {
    pub const ALL: [Self; 3] = [Self::Revoke, Self::Pause, Self::Announce];

    /// Its name in the database, the API and profiles.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Pause => "pause",
            Self::Announce => "announce",
        }
    }

    /// Its name on pages.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Revoke => "Revoke it",
            Self::Pause => "Pause it",
            Self::Announce => "Only announce it",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|response| response.as_str() == word)
    }
}

/// What is known of a key's leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLeak {
    pub reported_at: Timestamp,
    /// Empty if nobody said it.
    pub place: String,
    pub by_partner: bool,
    /// The shortened secret that leaked.
    pub shown: String,
    /// Whether that secret is still accepted if the key is.
    pub is_live: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_response_is_the_greatest() {
        assert!(LeakResponse::Announce < LeakResponse::Pause && LeakResponse::Pause < LeakResponse::Revoke);
        for response in LeakResponse::ALL {
            assert_eq!(LeakResponse::parse(response.as_str()), Some(response));
        }
    }
}
