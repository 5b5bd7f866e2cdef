//! What a page says of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Blocked, OTHER, Suggestion, UNSPECIFIED};
use crate::{Timestamp, key::Key, profile::Profile};

/// Networks that a sentence names.
const NAMED: usize = 3;

const DAY: Duration = Duration::from_secs(86_400);

/// Whole days between, at least one.
pub fn days_since(since: Timestamp, now: Timestamp) -> u64 {
    (now.since(since).as_secs() / 86_400).max(1)
}

fn days(n: u64) -> String {
    if n == 1 { "1 day".to_owned() } else { format!("{n} days") }
}

/// "in 30 days"
fn period(since: Timestamp, now: Timestamp) -> String {
    format!("in {}", days(days_since(since, now).min(super::DAYS)))
}

/// "1 request", "1,204 requests" as JSON and pages alike say it.
fn requests(n: u64) -> String {
    if n == 1 { "1 request".to_owned() } else { format!("{n} requests") }
}

impl Blocked {
    pub fn sentence(self) -> String {
        match self {
            Self::Unused => "No request was accepted in this period.".to_owned(),
            Self::NotCounted(n) => format!("{} of this period could not be counted.", requests(n)),
            Self::Unspecified(n) => {
                format!("{} named neither a scope nor a method, so what they needed is not known.", requests(n))
            }
            Self::Forgotten(n) => format!("From where and how {} came is not kept.", requests(n)),
            Self::OneScope => "A key has one scope here, and no narrower one covers what was used.".to_owned(),
            Self::LowerLimit => "Keys with fewer scopes have a lower limit per minute on some plan.".to_owned(),
            Self::NoScopes => "Keys have no scopes here.".to_owned(),
            Self::Changed => "The scopes that were used are no longer the key’s.".to_owned(),
            Self::ManyNetworks => "Requests came from more networks than are kept.".to_owned(),
            Self::NoAddress(n) => format!("{} came without the client’s address.", requests(n)),
            Self::Refused => "A narrower key would refuse a kind of request that was accepted.".to_owned(),
        }
    }
}

fn outside<'a>(networks: impl ExactSizeIterator<Item = &'a str>) -> Option<String> {
    match networks.len() {
        0 => None,
        1..=NAMED => Some(format!("never used from outside {}", listed(networks.collect::<Vec<_>>().as_slice()))),
        n => Some(format!("used from {n} networks")),
    }
}

/// "A", "A or B", "A, B or C"
fn listed(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        names => names.concat(),
    }
}

impl Suggestion {
    /// What a page says of the key.
    pub fn sentences(&self, key: &Key, networks: &BTreeMap<String, u64>, now: Timestamp) -> Vec<String> {
        if self.requests == 0 {
            let since = key.last_used_at.unwrap_or(key.created_at);
            if now.since(since) < DAY {
                return Vec::new();
            }
            let days = days(days_since(since, now));
            return vec![match key.last_used_at {
                Some(_) => format!("This key has been unused for {days}."),
                None => format!("This key has been unused for {days}, since it was created."),
            }];
        }
        let mut said = Vec::new();
        match self.scopes {
            Err(Blocked::NoScopes) => {}
            Err(blocked) if blocked.is_unknown() => said.push(blocked.sentence()),
            _ => {
                let (used, all) = (self.used_scopes.len(), self.used_scopes.len() + self.unused_scopes.len());
                said.push(scopes_sentence("This key", used, all, self.since, now));
            }
        }
        let is_known = !networks.contains_key(OTHER) && !networks.contains_key(UNSPECIFIED);
        match &self.addresses {
            Err(blocked) if self.scopes != Err(*blocked) => said.push(blocked.sentence()),
            Ok(_) if is_known => {
                said.extend(outside(networks.keys().map(String::as_str)).map(|text| format!("It was {text}.")));
            }
            _ => {}
        }
        said
    }
}

fn scopes_sentence(who: &str, used: usize, all: usize, since: Timestamp, now: Timestamp) -> String {
    let scopes = if all == 1 { "scope" } else { "scopes" };
    format!("{who} used {used} of {all} {scopes} {}.", period(since, now))
}

/// What was counted of the keys of an app or an organization together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceHistory {
    pub since: Timestamp,
    /// Accepted requests, by the narrowest scopes that suffice for them.
    pub accepted: BTreeMap<String, u64>,
    pub not_counted: u64,
    /// The day on which a request was accepted last.
    pub last_used: Option<Timestamp>,
    /// The scopes of keys, each set of names once.
    pub held: BTreeSet<String>,
    /// Where the keys were used from; `None` if there are too many to tell.
    pub networks: Option<BTreeSet<String>>,
}

impl PlaceHistory {
    /// Without a request.
    pub const fn empty(since: Timestamp) -> Self {
        Self {
            since,
            accepted: BTreeMap::new(),
            not_counted: 0,
            last_used: None,
            held: BTreeSet::new(),
            networks: Some(BTreeSet::new()),
        }
    }

    /// What a page says of them, as far as it is known. `keys` are "The keys of this app".
    pub fn sentences(&self, keys: &str, profile: &Profile, now: Timestamp) -> Vec<String> {
        if self.held.is_empty() {
            return Vec::new();
        }
        let Some(requests_with) = Some(&self.accepted).filter(|accepted| !accepted.is_empty()) else {
            let unused = self.last_used.map(|last| days(days_since(last, now)));
            return unused.map(|days| format!("{keys} have been unused for {days}.")).into_iter().collect();
        };
        let mut said = Vec::new();
        let set = |names: &BTreeSet<String>| profile.granted(profile.set(names.iter().flat_map(|set| set.split(' '))));
        let granted = set(&self.held);
        if super::has_scopes(profile) && !granted.is_empty() {
            let unspecified = requests_with.get("").copied().unwrap_or_default();
            let used = set(&requests_with.keys().cloned().collect());
            let used = granted.places().filter(|place| used.has(*place)).count();
            if self.not_counted == 0 && unspecified == 0 {
                said.push(scopes_sentence(keys, used, granted.places().count(), self.since, now));
            }
        }
        let networks = self.networks.as_ref().filter(|_| self.not_counted == 0);
        let known = networks.filter(|all| !all.contains(OTHER) && !all.contains(UNSPECIFIED));
        let they = if said.is_empty() { keys } else { "They" };
        said.extend(
            known.and_then(|all| outside(all.iter().map(String::as_str))).map(|text| format!("{they} were {text}.")),
        );
        said
    }
}
