//! The catalogue of scopes, and its bundles.

use super::{
    super::{
        Bundle, HolderKind, HowMany, Profile, ScopeSet,
        file::{File, ScopeEntry},
        path::PathPattern,
    },
    Findings,
};
use crate::scope::{Method, Scope};

/// Scopes are separated by commas in queries and by blanks in headers.
const SIGNS: &str = "._:/-";

pub(super) fn scopes(file: &File, how_many: HowMany, findings: &mut Findings) -> Vec<Scope> {
    let entries = &file.scopes;
    findings.distinct("a scope", entries.iter().map(|entry| &entry.name));
    if let Some(entry) = entries.get(ScopeSet::MOST) {
        findings.refuse(&entry.name, format!("A catalogue has {} scopes at most; leave some out.", ScopeSet::MOST));
    }
    match (how_many, &file.keys.scopes, entries.first()) {
        (HowMany::None, _, Some(entry)) => {
            findings.refuse(&entry.name, "Keys have no scopes here; leave [[scopes]] out, or change keys.scopes.");
        }
        (HowMany::One | HowMany::Many, Some(said), None) => {
            findings.refuse(said, "There is no scope to choose; add [[scopes]], or set keys.scopes = \"none\".");
        }
        (HowMany::One | HowMany::Many, None, None) => {
            findings.refuse(&file.name, "There is no scope to choose; add [[scopes]], or set keys.scopes = \"none\".");
        }
        _ => {}
    }
    let managing = entries.iter().filter_map(|entry| entry.manages.as_ref()).filter(|manages| *manages.get_ref());
    for (place, manages) in managing.enumerate() {
        if file.keys.owner != HolderKind::Organization {
            let message = "Keys manage an organization only where they are its own; set keys.owner = \"organization\".";
            findings.refuse(manages, message);
        } else if place > 0 {
            findings.refuse(manages, "One scope manages; let others imply it.");
        }
    }
    minting(file, findings);
    entries.iter().map(|entry| scope(entry, entries, findings)).collect()
}

/// At most one scope mints, and only where there is something to mint for.
fn minting(file: &File, findings: &mut Findings) {
    let said = file.scopes.iter().filter_map(|entry| entry.mint_capabilities.as_ref());
    for (place, mints) in said.filter(|mints| *mints.get_ref()).enumerate() {
        if file.capabilities.modules.is_empty() && file.capabilities.channels.is_empty() {
            findings.refuse(mints, "There is nothing to mint for; name modules or channels under [capabilities].");
        } else if file.keys.owner == HolderKind::Member {
            findings.refuse(mints, "Keys of people mint nothing; leave this out, or change keys.owner.");
        } else if place > 0 {
            findings.refuse(mints, "One scope mints; let others imply it.");
        }
    }
}

fn scope(entry: &ScopeEntry, all: &[ScopeEntry], findings: &mut Findings) -> Scope {
    let (mut methods, mut paths) = (Vec::new(), Vec::new());
    for text in &entry.methods {
        match Method::judged(text.get_ref()) {
            // PUT and PATCH are one.
            Some(method) if methods.contains(&method) => {}
            Some(method) => methods.push(method),
            None => findings.refuse(text, "No scope allows that; the methods are GET, POST, PUT, PATCH and DELETE."),
        }
    }
    for text in &entry.paths {
        match PathPattern::parse(text.get_ref()) {
            Ok(pattern) => paths.push(pattern),
            Err(message) => findings.refuse(text, message),
        }
    }
    for implied in &entry.implies {
        let (name, own) = (implied.get_ref(), entry.name.get_ref());
        if !all.iter().any(|scope| scope.name.get_ref() == name) {
            let message =
                format!("{own} implies {name}, which is no scope; define it under [[scopes]], or leave it out.");
            findings.refuse(implied, message);
        } else if leads_to(name, own, all) {
            let message = format!("{own} and {name} imply each other, so they are one scope; take one of them away.");
            findings.refuse(implied, message);
        }
    }
    Scope {
        name: findings.name(&entry.name, SIGNS),
        title: findings.line(&entry.title, 60),
        description: findings.optional_line(entry.description.as_ref(), 200),
        implies: entry.implies.iter().map(|name| name.get_ref().clone()).collect(),
        methods,
        paths,
        manages: entry.manages.as_ref().is_some_and(|manages| *manages.get_ref()),
        mints_capabilities: entry.mint_capabilities.as_ref().is_some_and(|mints| *mints.get_ref()),
    }
}

/// Whether one scope implies the other, directly or indirectly, or is the same.
fn leads_to(from: &str, to: &str, all: &[ScopeEntry]) -> bool {
    let (mut waiting, mut seen) = (vec![from], std::collections::HashSet::new());
    while let Some(name) = waiting.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            let of_that_name = all.iter().filter(|scope| scope.name.get_ref() == name);
            waiting.extend(of_that_name.flat_map(|scope| &scope.implies).map(|implied| implied.get_ref().as_str()));
        }
    }
    false
}

pub(super) fn bundles(file: &File, how_many: HowMany, findings: &mut Findings) -> Vec<Bundle> {
    findings.distinct("a bundle", file.bundles.iter().map(|entry| &entry.name));
    if let (HowMany::One | HowMany::None, Some(entry)) = (how_many, file.bundles.first()) {
        findings.refuse(&entry.name, "A bundle ticks several scopes; leave it out, or set keys.scopes = \"many\".");
    }
    let bundle = |entry: &super::super::file::BundleEntry| {
        if entry.scopes.get_ref().is_empty() {
            findings.refuse(&entry.scopes, "This bundle is empty; name the scopes that it ticks.");
        }
        for name in entry.scopes.get_ref() {
            if !file.scopes.iter().any(|scope| scope.name.get_ref() == name.get_ref()) {
                let message = format!("{} is no scope; define it under [[scopes]], or leave it out.", name.get_ref());
                findings.refuse(name, message);
            }
        }
        findings.distinct("a scope in this bundle", entry.scopes.get_ref().iter());
        Bundle {
            name: findings.name(&entry.name, SIGNS),
            title: findings.line(&entry.title, 60),
            description: findings.optional_line(entry.description.as_ref(), 200),
            scopes: entry.scopes.get_ref().iter().map(|name| name.get_ref().clone()).collect(),
        }
    };
    file.bundles.iter().map(bundle).collect()
}

/// A scope with all that it implies, directly or indirectly.
pub(super) fn closure(profile: &Profile, place: usize) -> ScopeSet {
    let (mut all, mut waiting) = (ScopeSet::default(), vec![place]);
    while let Some(place) = waiting.pop() {
        if !all.has(place) {
            all = all.with(place);
            waiting.extend(profile.scopes[place].implies.iter().filter_map(|name| profile.place(name)));
        }
    }
    all
}
