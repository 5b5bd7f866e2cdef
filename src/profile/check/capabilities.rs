//! Rules of capability tokens.

use std::time::Duration;

use toml::Spanned;

use super::{
    super::{
        CapabilityRules,
        file::{CapabilitiesEntry, Text},
    },
    Findings,
};

const SIGNS: &str = "._-";

pub(super) fn capabilities(entry: &CapabilitiesEntry, findings: &mut Findings) -> CapabilityRules {
    let standard = CapabilityRules::default();
    let modules = names("a module", &entry.modules, findings);
    let channels = names("a channel", &entry.channels, findings);
    let seconds = |said: &Spanned<u32>| Duration::from_secs((*said.get_ref()).into());
    let range = CapabilityRules::SHORTEST..=CapabilityRules::MOST;
    for said in [&entry.lifetime_seconds, &entry.longest_lifetime_seconds].into_iter().flatten() {
        if !range.contains(&seconds(said)) {
            findings.refuse(said, "A token is valid for a minute (60) to a year (31536000); change this.");
        }
    }
    let longest_lifetime = entry.longest_lifetime_seconds.as_ref().map_or(standard.longest_lifetime, seconds);
    let lifetime = entry.lifetime_seconds.as_ref().map_or(standard.lifetime.min(longest_lifetime), seconds);
    if let Some(said) = entry.lifetime_seconds.as_ref().filter(|_| lifetime > longest_lifetime) {
        let most = longest_lifetime.as_secs();
        let message =
            format!("Longer than the {most} seconds of the longest; lower this, or raise longest_lifetime_seconds.");
        findings.refuse(said, message);
    }
    CapabilityRules { modules, channels, lifetime, longest_lifetime }
}

fn names(what: &str, names: &[Text], findings: &mut Findings) -> Vec<String> {
    findings.distinct(what, names.iter());
    if let Some(name) = names.get(CapabilityRules::MOST_NAMES) {
        findings.refuse(name, format!("Up to {} names; leave some out.", CapabilityRules::MOST_NAMES));
    }
    names.iter().map(|name| findings.name(name, SIGNS)).collect()
}
