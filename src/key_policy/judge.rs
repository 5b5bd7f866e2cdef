//! Judges what would be made, or given more, by the rules of its organization: a pure function.

use super::{KeyPolicy, LongestLifetime};
use crate::{
    Invalid, Timestamp,
    key::{Key, KeySettings, NewKey},
    profile::{Environment, Mode, Profile},
};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// A key as it would be.
#[derive(Clone, Debug)]
pub struct Proposed<'a> {
    pub environment: &'a str,
    pub mode: Mode,
    pub scopes: &'a [String],
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// Whether requests from other than its addresses are refused.
    pub is_limited_to_addresses: bool,
    /// If it is new: how many keys its holder has already that are neither revoked nor expired.
    pub beside: Option<u64>,
}

impl<'a> Proposed<'a> {
    /// A new key of a holder that has that many.
    pub fn new(key: &'a NewKey, beside: u64, now: Timestamp) -> Self {
        Self {
            environment: &key.environment.name,
            mode: key.environment.mode,
            scopes: &key.scopes,
            created_at: now,
            expires_at: key.expires_at,
            is_limited_to_addresses: key.addresses_enforced && key.addresses.limit(),
            beside: Some(beside),
        }
    }

    /// A key with other settings.
    pub fn changed(key: &'a Key, after: &'a KeySettings) -> Self {
        Self {
            environment: &key.environment,
            mode: key.mode,
            scopes: &after.scopes,
            created_at: key.created_at,
            expires_at: after.expires_at,
            is_limited_to_addresses: after.restrictions.addresses_enforced && after.restrictions.addresses.limit(),
            beside: None,
        }
    }
}

/// What the rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    Allowed,
    /// Nothing forbids it, but somebody else has to approve it.
    NeedsApproval,
    /// Every rule that it breaks, with the field to change.
    Refused(Invalid),
}

impl KeyPolicy {
    pub fn judge(&self, key: &Proposed<'_>, profile: &Profile) -> Judgement {
        let mut broken = Invalid::default();
        for rule in self.longest_lifetime.iter().filter(|rule| rule.applies(key, profile)) {
            if rule.is_exceeded(key) {
                broken.push("expires_at", rule.explained(key.created_at, profile));
            }
        }
        if self.addresses_in_production && key.mode == Mode::Live && !key.is_limited_to_addresses {
            let message = "Addresses in production: this key has to name the addresses from which it is used, and refuse \
                others. Add them, in blocks of /8 (IPv4), /16 (IPv6) or smaller, and choose to enforce them.";
            broken.push("addresses", message);
        }
        if let (Some(beside), Some(most)) = (key.beside, self.most_keys_per_app)
            && beside >= u64::from(most)
        {
            let message =
                format!("Most keys: there are {beside}, and {most} are allowed. Revoke one that nobody needs.");
            broken.push("", message);
        }
        if !broken.0.is_empty() {
            return Judgement::Refused(broken);
        }
        if self.needs_approval(key, profile) { Judgement::NeedsApproval } else { Judgement::Allowed }
    }

    fn needs_approval(&self, key: &Proposed<'_>, profile: &Profile) -> bool {
        let of_environment = self.approval_environments.iter().any(|name| name == key.environment);
        of_environment || self.approval_scopes.iter().any(|scope| grants(key, scope, profile))
    }

    /// When a new key expires for which nothing was chosen.
    pub fn default_expiry(&self, now: Timestamp) -> Option<Timestamp> {
        let days = self.default_expiry_days?;
        Some(Timestamp::from_micros(now.micros().saturating_add(i64::from(days) * DAY)))
    }
}

/// Whether a key may do what a scope allows, by itself or by what implies it.
fn grants(key: &Proposed<'_>, scope: &str, profile: &Profile) -> bool {
    let held = profile.set(key.scopes.iter().map(String::as_str));
    profile.includes(profile.granted(held), scope)
}

impl LongestLifetime {
    fn applies(&self, key: &Proposed<'_>, profile: &Profile) -> bool {
        self.environment.as_ref().is_none_or(|name| name == key.environment)
            && self.scope.as_ref().is_none_or(|scope| grants(key, scope, profile))
    }

    /// In days of the calendar (UTC), so that a key may last to the end of the last one. `store/key_list/breaking.rs` says the
    /// same in SQL.
    fn is_exceeded(&self, key: &Proposed<'_>) -> bool {
        let day = |at: Timestamp| at.micros().div_euclid(DAY);
        key.expires_at.is_none_or(|at| day(at) - day(key.created_at) > i64::from(self.days))
    }

    fn explained(&self, created_at: Timestamp, profile: &Profile) -> String {
        let title = |environment: &Environment| environment.title.clone();
        let environment = self.environment.as_ref().map(|name| profile.environment(name).map_or(name.clone(), title));
        let which = match (environment, &self.scope) {
            (None, None) => "keys live".to_owned(),
            (Some(environment), None) => format!("keys of {environment} live"),
            (None, Some(scope)) => format!("keys that may {scope} live"),
            (Some(environment), Some(scope)) => format!("keys of {environment} that may {scope} live"),
        };
        let last = Timestamp::from_micros(created_at.micros().saturating_add(i64::from(self.days) * DAY));
        let (days, last) = (self.days, last.to_chrono().format("%Y-%m-%d"));
        let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        format!("Longest lifetime: {which} for {days} at most. Choose an expiry up to {last}.")
    }
}

#[cfg(test)]
mod tests;
