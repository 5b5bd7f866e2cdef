//! Capability tokens: what they can name, and how long they are valid.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilityRules {
    /// The catalogue of modules that a token may name.
    pub modules: Vec<String>,
    /// The catalogue of channels.
    pub channels: Vec<String>,
    /// How long a token is valid unless something else is asked for.
    pub lifetime: Duration,
    pub longest_lifetime: Duration,
}

impl CapabilityRules {
    /// The names of a catalogue. A token with all of both has to be short enough for a header.
    pub const MOST_NAMES: usize = 24;

    pub const SHORTEST: Duration = Duration::from_secs(60);

    /// The longest lifetime that a profile may allow.
    pub const MOST: Duration = DAY.saturating_mul(365);

    /// Whether there is anything to mint a token for.
    pub fn are_offered(&self) -> bool {
        !self.modules.is_empty() || !self.channels.is_empty()
    }
}

impl Default for CapabilityRules {
    fn default() -> Self {
        Self { modules: Vec::new(), channels: Vec::new(), lifetime: DAY, longest_lifetime: DAY.saturating_mul(30) }
    }
}
