//! A rotation: a key gets another secret, and the old one is accepted for a while.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Invalid, Timestamp, id::KeyId, profile::RotationRules};

/// An old secret that was not used for so long is quiet: it is called unused, and nobody is warned before it ends.
pub const QUIET: Duration = Duration::from_secs(3 * 60 * 60);

/// Which secret ends when a key that is being rotated gets another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    Previous,
    Current,
}

impl Ends {
    pub const ALL: [Self; 2] = [Self::Previous, Self::Current];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::Current => "current",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewRotation {
    /// How long the old secret is accepted.
    pub grace: Duration,
    /// Whether the key gets another signing secret, too. By default it does if it has one.
    pub signing_secret: Option<bool>,
    /// For a key that is being rotated already.
    pub ends: Option<Ends>,
    /// How many secrets the key had had when the form was opened: a form that is sent twice rotates once.
    pub seen: Option<i64>,
}

/// A secret of a key that is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSecret {
    pub n: i64,
    /// Shortened.
    pub shown: String,
    pub created_at: Timestamp,
    /// When its grace period ends, if it is the previous one.
    pub retires_at: Option<Timestamp>,
    /// When its grace period began.
    pub retired_at: Option<Timestamp>,
    pub extended: bool,
}

/// The secrets of a key that are accepted, two at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSecrets {
    pub current: Option<LiveSecret>,
    pub previous: Option<LiveSecret>,
    /// How many the key has had.
    pub last: i64,
}

/// The end of an old secret that people are warned of: the payload of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutOff {
    pub key_id: KeyId,
    /// In microseconds. A grace period that was extended has another job.
    pub until: i64,
}

impl CutOff {
    /// The queue of these jobs.
    pub const QUEUE: &str = "warn_of_cut_off";
}

/// A grace period, if the profile allows it.
pub fn check_grace(seconds: u64, rules: &RotationRules) -> Result<Duration, Invalid> {
    let grace = Duration::from_secs(seconds);
    if grace > rules.longest_grace {
        return Err(Invalid::field("grace_seconds", too_long(rules)));
    }
    Ok(grace)
}

/// The sentence for a grace period that is too long.
pub fn too_long(rules: &RotationRules) -> String {
    let most = rules.longest_grace.as_secs();
    let most = match (most / 86_400, most % 86_400) {
        (days, 0) if days > 1 => format!("{days} days ({most} seconds)"),
        _ => format!("{most} seconds"),
    };
    format!("The grace period is up to {most}.")
}
