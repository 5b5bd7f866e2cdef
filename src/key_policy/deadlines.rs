//! What the rules let become due without anybody doing anything: secrets that get old, keys that nobody uses.

use std::time::Duration;

use super::KeyPolicy;
use crate::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

/// The longest time before which people are told that a key will be paused.
const LONGEST_LEAD: Duration = DAY.saturating_mul(7);

/// The rules with a deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadlines {
    pub pause_unused_days: Option<u32>,
    pub rotate_every_days: Option<u32>,
}

impl From<&KeyPolicy> for Deadlines {
    fn from(policy: &KeyPolicy) -> Self {
        Self { pause_unused_days: policy.pause_unused_days, rotate_every_days: policy.rotate_every_days }
    }
}

impl Deadlines {
    /// When the secret of a key is due to be replaced that it has had since then.
    pub fn rotation_due_at(self, secret_since: Timestamp) -> Option<Timestamp> {
        self.rotate_every_days.map(|days| secret_since + DAY * days)
    }

    /// When a key is paused, unless it is used, that was not used since then. It is paused later if people could not be
    /// told in time.
    pub fn paused_at(self, idle_since: Timestamp) -> Option<Timestamp> {
        self.pause_unused_days.map(|days| idle_since + DAY * days)
    }

    /// The same if people are told of it by now.
    pub fn paused_soon(self, idle_since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        self.paused_at(idle_since).filter(|at| *at <= now + self.lead())
    }

    /// How long before people are told: a week, or half of a rule that is shorter than two.
    pub fn lead(self) -> Duration {
        self.pause_unused_days.map_or(LONGEST_LEAD, |days| LONGEST_LEAD.min(DAY * days / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_a_week_before_or_halfway() {
        let lead = |days| Deadlines { pause_unused_days: Some(days), ..Deadlines::default() }.lead();
        assert_eq!([1, 6, 14, 15, 90].map(lead), [DAY / 2, DAY * 3, DAY * 7, DAY * 7, DAY * 7]);
    }

    #[test]
    fn a_pause_is_near_once_people_are_told() {
        let since = Timestamp::from_seconds(1_795_327_200);
        for (days, lead) in [(4, 2), (30, 7)] {
            let rules = Deadlines { pause_unused_days: Some(days), ..Deadlines::default() };
            let at = since + DAY * days;
            assert_eq!(rules.paused_soon(since, at - DAY * lead), Some(at));
            assert_eq!(rules.paused_soon(since, at - DAY * (lead + 1)), None);
        }
    }

    #[test]
    fn without_a_rule_nothing_is_due() {
        let since = Timestamp::from_seconds(1_795_327_200);
        assert_eq!(Deadlines::default().rotation_due_at(since).or(Deadlines::default().paused_at(since)), None);
        let rules = Deadlines { pause_unused_days: Some(30), rotate_every_days: Some(90) };
        assert_eq!(rules.rotation_due_at(since), Some(since + DAY * 90));
        assert_eq!(rules.paused_at(since), Some(since + DAY * 30));
    }
}
