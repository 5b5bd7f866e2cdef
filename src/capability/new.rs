//! The input of a token to be minted.

use std::time::Duration;

use crate::{Invalid, profile::CapabilityRules, text};

/// A validated token to be minted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCapability {
    pub subject: String,
    /// In the catalogue's order.
    pub modules: Vec<String>,
    pub channels: Vec<String>,
    pub lifetime: Duration,
}

const LONGEST_SUBJECT: usize = 200;

impl NewCapability {
    /// `expires_in` is in seconds. Without it, the token is valid as long as the profile says.
    pub fn check(
        subject: &str,
        modules: &[String],
        channels: &[String],
        expires_in: Option<u64>,
        rules: &CapabilityRules,
    ) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let empty = "Name the subject: the person or thing that the app may do this for.";
        let subject = invalid.take(text::line("subject", subject, LONGEST_SUBJECT, empty));
        let modules = invalid.take(named("modules", modules, &rules.modules));
        let channels = invalid.take(named("channels", channels, &rules.channels));
        let lifetime = invalid.take(lifetime(expires_in, rules));
        if invalid.0.is_empty() && modules.is_empty() && channels.is_empty() {
            invalid.push("modules", "Choose a module or a channel.");
        }
        invalid.or(Self { subject, modules, channels, lifetime })
    }
}

fn named(field: &'static str, names: &[String], catalogue: &[String]) -> Result<Vec<String>, Invalid> {
    if names.iter().any(|name| !catalogue.contains(name)) {
        let known = if catalogue.is_empty() { "none".to_owned() } else { catalogue.join(", ") };
        return Err(Invalid::field(field, format!("Choose from the catalogue of {field}: {known}.")));
    }
    Ok(catalogue.iter().filter(|name| names.contains(name)).cloned().collect())
}

fn lifetime(seconds: Option<u64>, rules: &CapabilityRules) -> Result<Duration, Invalid> {
    let Some(seconds) = seconds else { return Ok(rules.lifetime) };
    let (least, most) = (CapabilityRules::SHORTEST.as_secs(), rules.longest_lifetime.as_secs());
    if !(least..=most).contains(&seconds) {
        return Err(Invalid::field("expires_in", format!("A token is valid for {least} to {most} seconds.")));
    }
    Ok(Duration::from_secs(seconds))
}
