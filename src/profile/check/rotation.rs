//! Rules of rotation.

use std::time::Duration;

use super::{
    super::{RotationKind, RotationRules, file::RotationEntry},
    Findings,
};

pub(super) fn rotation(entry: &RotationEntry, findings: &mut Findings) -> RotationRules {
    let standard = RotationRules::default();
    let seconds = |said: &toml::Spanned<u32>| Duration::from_secs((*said.get_ref()).into());
    let longest_grace = entry.longest_grace_seconds.as_ref().map_or(standard.longest_grace, seconds);
    if let Some(said) = entry.longest_grace_seconds.as_ref().filter(|_| longest_grace > RotationRules::MOST) {
        findings.refuse(said, "A grace period is up to 30 days (2592000 seconds); lower this.");
    }
    let grace = entry.grace_seconds.as_ref().map_or(standard.grace.min(longest_grace), seconds);
    if let Some(said) = entry.grace_seconds.as_ref().filter(|_| grace > longest_grace) {
        let most = longest_grace.as_secs();
        let message =
            format!("Longer than the {most} seconds of the longest; lower this, or raise longest_grace_seconds.");
        findings.refuse(said, message);
    }
    let kind = entry.kind.as_ref().map_or(standard.kind, |kind| *kind.get_ref());
    let by_itself = entry.by_itself.as_ref().is_some_and(|said| *said.get_ref());
    if let Some(said) = entry.by_itself.as_ref().filter(|_| by_itself && kind == RotationKind::ByHand) {
        findings.refuse(said, "Keys that are rotated by hand do not rotate themselves; leave this out.");
    }
    RotationRules { kind, grace, longest_grace, by_itself }
}
