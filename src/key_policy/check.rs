//! Which rules can be set.

use super::KeyPolicy;
use crate::{Invalid, profile::Profile};

/// The longest time that a rule can name, which is also that of an expiry.
pub const MOST_DAYS: u32 = 3_650;

/// The most keys that a rule can allow.
pub const MOST_KEYS: u32 = 100_000;

/// The most rules about lifetimes.
pub const MOST_LIFETIMES: usize = 20;

impl KeyPolicy {
    /// Fails if a rule names what the profile does not have, or has no effect.
    pub fn check(mut self, profile: &Profile) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let is_environment = |name: &String| profile.environment(name).is_some();
        let is_scope = |name: &String| profile.scope(name).is_some();
        let environments: Vec<_> = profile.environments.iter().map(|known| known.name.as_str()).collect();
        let scopes: Vec<_> = profile.scopes.iter().map(|known| known.name.as_str()).collect();
        let no_environment = || format!("There is no such environment. Choose from {}.", environments.join(", "));
        let no_scope = || match scopes.as_slice() {
            [] => "Keys have no scopes here; leave this out.".to_owned(),
            scopes => format!("There is no such scope. Choose from {}.", scopes.join(", ")),
        };

        if self.longest_lifetime.len() > MOST_LIFETIMES {
            invalid
                .push("longest_lifetime", format!("At most {MOST_LIFETIMES} rules about lifetimes; leave some out."));
        }
        for (at, rule) in self.longest_lifetime.iter().enumerate().take(MOST_LIFETIMES) {
            if !(1..=MOST_DAYS).contains(&rule.days) {
                invalid.push("longest_lifetime", days());
            }
            if !rule.environment.iter().all(is_environment) {
                invalid.push("longest_lifetime", no_environment());
            }
            if !rule.scope.iter().all(is_scope) {
                invalid.push("longest_lifetime", no_scope());
            }
            let same =
                |other: &super::LongestLifetime| (&other.environment, &other.scope) == (&rule.environment, &rule.scope);
            if self.longest_lifetime[..at].iter().any(same) {
                let message = "Two rules are about the same keys; leave one out.";
                invalid.push("longest_lifetime", message);
            }
        }
        for (field, number) in [
            ("default_expiry_days", self.default_expiry_days),
            ("pause_unused_days", self.pause_unused_days),
            ("rotate_every_days", self.rotate_every_days),
        ] {
            if number.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
                invalid.push(field, days());
            }
        }
        let for_all = |rule: &&super::LongestLifetime| rule.environment.is_none() && rule.scope.is_none();
        if let (Some(default), Some(rule)) = (self.default_expiry_days, self.longest_lifetime.iter().find(for_all))
            && default > rule.days
        {
            let message = format!("Every key lives for {} days at most; lower this, or raise that.", rule.days);
            invalid.push("default_expiry_days", message);
        }
        if self.most_keys_per_app.is_some_and(|most| !(1..=MOST_KEYS).contains(&most)) {
            let message = format!("Write a number from 1 to {MOST_KEYS}, or leave it out for no limit.");
            invalid.push("most_keys_per_app", message);
        }
        if !self.approval_environments.iter().all(is_environment) {
            invalid.push("approval_environments", no_environment());
        }
        if !self.approval_scopes.iter().all(is_scope) {
            invalid.push("approval_scopes", no_scope());
        }
        invalid.or(())?;
        // In the order of the profile, and each once.
        let kept = |known: &[&str], named: &[String]| {
            known
                .iter()
                .filter(|known| named.iter().any(|name| name == *known))
                .map(|known| (*known).to_owned())
                .collect()
        };
        self.approval_environments = kept(&environments, &self.approval_environments);
        self.approval_scopes = kept(&scopes, &self.approval_scopes);
        Ok(self)
    }
}

fn days() -> String {
    format!("Write a number of days from 1 to {MOST_DAYS}, or leave it out.")
}
