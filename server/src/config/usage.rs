//! The section `[usage]` of the settings file: whether uses of keys are counted, and how long the counts are kept.

use std::{num::NonZeroU32, time::Duration};

use sallyport::store::UsageRetention;
use serde::Deserialize;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The section as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsageSection {
    counting: Option<bool>,
    minutes_kept_hours: Option<NonZeroU32>,
    hours_kept_days: Option<NonZeroU32>,
    days_kept_days: Option<NonZeroU32>,
}

/// The resolved settings.
#[derive(Clone, Copy, Debug)]
pub struct UsageSettings {
    pub counting: bool,
    pub retention: UsageRetention,
}

impl UsageSection {
    pub(super) fn resolve(self) -> UsageSettings {
        let UsageRetention { minutes, hours, days } = UsageRetention::default();
        let kept = |number: Option<NonZeroU32>, unit: Duration, usual| number.map_or(usual, |n| unit * n.get());
        UsageSettings {
            counting: self.counting.unwrap_or(true),
            retention: UsageRetention {
                minutes: kept(self.minutes_kept_hours, HOUR, minutes),
                hours: kept(self.hours_kept_days, DAY, hours),
                days: kept(self.days_kept_days, DAY, days),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_kept_as_long_as_usual() {
        let section: UsageSection = toml::from_str("hours_kept_days = 30").expect("good");
        let settings = section.resolve();
        assert!(settings.counting);
        assert_eq!(settings.retention, UsageRetention { hours: DAY * 30, ..UsageRetention::default() });
        assert!(toml::from_str::<UsageSection>("days_kept_days = 0").is_err());
    }
}
