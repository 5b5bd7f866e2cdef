//! The section `[audit]` of the settings file: when checkpoints of the audit log are made, and where they are sent.

use std::{path::PathBuf, time::Duration};

use sallyport::store::CheckpointPace;
use serde::Deserialize;

/// The section as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditSection {
    checkpoint_events: Option<u32>,
    checkpoint_minutes: Option<u32>,
    checkpoint_file: Option<PathBuf>,
}

/// The resolved settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSettings {
    pub pace: CheckpointPace,
    /// A file to which each checkpoint is appended.
    pub file: Option<PathBuf>,
}

impl AuditSection {
    pub(super) fn resolve(self) -> Result<AuditSettings, String> {
        let positive = |name: &str, value: Option<u32>, default: u32| match value.unwrap_or(default) {
            0 => Err(format!("audit.{name} is at least 1.")),
            value => Ok(value),
        };
        let events = positive("checkpoint_events", self.checkpoint_events, 1_000)?;
        let minutes = positive("checkpoint_minutes", self.checkpoint_minutes, 60)?;
        let every = Duration::from_secs(60 * u64::from(minutes));
        Ok(AuditSettings { pace: CheckpointPace { events: events.into(), every }, file: self.checkpoint_file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_defaults_and_no_zeros() {
        let resolved = |text: &str| toml::from_str::<AuditSection>(text).expect("parses").resolve();
        let pace = CheckpointPace { events: 1_000, every: Duration::from_secs(3_600) };
        assert_eq!(resolved(""), Ok(AuditSettings { pace, file: None }));
        for name in ["checkpoint_events", "checkpoint_minutes"] {
            assert_eq!(resolved(&format!("{name} = 0")), Err(format!("audit.{name} is at least 1.")));
        }
    }
}
