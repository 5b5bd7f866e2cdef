//! The lines of an import as they are stored: with digests under the pepper instead of keys.

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    approval::WishedKey,
    import::{LineOutcome, LineReport},
    key::LimitOverride,
};

/// A line, and what to import for it, while that is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredLine {
    pub(super) report: LineReport,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<StoredKey>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredKey {
    /// Under each pepper, in hex; first the one to store.
    pub(super) digests: Vec<String>,
    /// The pepper of the first.
    pub(super) pepper: i64,
    pub(super) new: WishedKey,
    limit_per_minute: Option<u32>,
    limit_per_day: Option<u32>,
}

impl StoredKey {
    pub(super) fn new(digests: Vec<String>, pepper: i64, new: WishedKey, limits: LimitOverride) -> Self {
        Self { digests, pepper, new, limit_per_minute: limits.per_minute, limit_per_day: limits.per_day }
    }

    pub(super) fn limits(&self) -> LimitOverride {
        LimitOverride { per_minute: self.limit_per_minute, per_day: self.limit_per_day }
    }
}

impl StoredLine {
    /// It is not imported, because of that.
    pub(super) fn refuse(&mut self, reason: impl Into<String>) {
        (self.report.outcome, self.report.reason, self.key) = (LineOutcome::Refused, Some(reason.into()), None);
    }

    /// The organization imported that key before.
    pub(super) fn repeat(&mut self) {
        let reason = "This organization has imported this key already.".to_owned();
        (self.report.outcome, self.report.reason, self.key) = (LineOutcome::Repeated, Some(reason), None);
    }
}

pub(super) fn lines(text: &str) -> Result<Vec<StoredLine>> {
    serde_json::from_str(text).map_err(|error| Error::Unavailable(format!("an import can't be read: {error}")))
}

pub(super) fn reports(text: &str) -> Result<Vec<LineReport>> {
    Ok(lines(text)?.into_iter().map(|line| line.report).collect())
}

pub(super) fn written(lines: &[StoredLine]) -> String {
    serde_json::to_string(lines).expect("texts and numbers are JSON")
}
