//! Environments and the prefixes of their keys.

use super::{
    super::{
        Environment,
        file::{File, Text},
    },
    Findings,
};
use crate::reserved_prefixes::RESERVED_PREFIXES;

const LONGEST: usize = 20;

pub(super) fn environments(file: &File, findings: &mut Findings) -> Vec<Environment> {
    let entries: Vec<_> = file.environments.iter().map(toml::Spanned::get_ref).collect();
    if entries.is_empty() {
        findings.refuse(&file.name, "There is no environment; add [[environments]] with name, title, mode and prefix.");
    }
    findings.distinct("an environment", entries.iter().map(|entry| &entry.name));
    for (at, entry) in entries.iter().enumerate() {
        check_prefix(&entry.prefix, findings);
        let prefix = entry.prefix.get_ref();
        for other in &entries[..at] {
            let before = other.prefix.get_ref();
            // Environments of the same mode may share a prefix: the database knows the environment of a key, and the
            // prefix only shows people and scanners the mode.
            if prefix == before && entry.mode != other.mode {
                let (name, mode) = (other.name.get_ref(), other.mode.as_str());
                let message = format!("Keys of {name} begin with {prefix} too, and are {mode}; choose another prefix.");
                findings.refuse(&entry.prefix, message);
            } else if prefix != before && begins(prefix, before) {
                let message = format!(
                    "{prefix} and {before} begin with each other, so a key could be of either; choose another."
                );
                findings.refuse(&entry.prefix, message);
            }
        }
    }
    let environment = |entry: &&super::super::file::EnvironmentEntry| Environment {
        name: findings.name(&entry.name, "-_"),
        title: findings.line(&entry.title, 60),
        mode: entry.mode,
        prefix: entry.prefix.get_ref().clone(),
    };
    entries.iter().map(environment).collect()
}

fn check_prefix(text: &Text, findings: &mut Findings) {
    let prefix = text.get_ref();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let shaped = prefix.bytes().all(plain)
        && prefix.starts_with(|first: char| first.is_ascii_alphabetic())
        && prefix.ends_with(['_', '-'])
        && prefix.len() <= LONGEST;
    if !shaped {
        let message = "A prefix has only letters, digits, _ and -, begins with a letter, ends with _ or - and is no \
                       longer than 20: write it like sk_live_.";
        findings.refuse(text, message);
    }
    if let Some((other, whose)) = RESERVED_PREFIXES.into_iter().find(|(other, _)| begins(prefix, other)) {
        findings.refuse(text, format!("{other} is what {whose} begin with; choose another prefix."));
    }
}

fn begins(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
