//! Rules for keys: what an organization demands of each key that is made or given more.

pub mod check;
mod deadlines;
pub mod judge;

use serde::{Deserialize, Serialize};

use crate::leak::LeakResponse;

pub use self::deadlines::Deadlines;

/// The rules of an organization. Without a rule, everything that its kind would restrict is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyPolicy {
    /// A key obeys each of these that applies to it.
    pub longest_lifetime: Vec<LongestLifetime>,
    /// The expiry of a new key for which none is named.
    pub default_expiry_days: Option<u32>,
    /// How many keys an app has that are neither revoked nor expired. Where keys belong to people or to organizations,
    /// each of these instead.
    pub most_keys_per_app: Option<u32>,
    /// Keys of these environments wait for the approval of another person.
    pub approval_environments: Vec<String>,
    /// So do keys that are granted one of these scopes.
    pub approval_scopes: Vec<String>,
    /// A key is paused that was not used for so long.
    pub pause_unused_days: Option<u32>,
    /// When a secret is due to be replaced.
    pub rotate_every_days: Option<u32>,
    /// Whether keys for real data are limited to addresses.
    pub addresses_in_production: bool,
    /// What is done about a key that leaked.
    pub on_leak: LeakResponse,
}

/// How long a key lives at most, from its creation to its expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongestLifetime {
    /// Only keys of this environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Only keys that are granted this scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    pub days: u32,
}

impl KeyPolicy {
    /// Whether one of these is about keys as they are, so that keys from before it may break it.
    pub fn judges_existing_keys(&self) -> bool {
        !self.longest_lifetime.is_empty() || self.most_keys_per_app.is_some() || self.addresses_in_production
    }
}
