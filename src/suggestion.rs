//! Least privilege: how a key was used, and which narrower key would have sufficed.

mod replay;
mod scopes;
mod sentences;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

pub use sentences::{PlaceHistory, days_since};

use crate::{
    Timestamp,
    key::{
        Addresses, Key,
        addresses::{self},
    },
    profile::{HowMany, Profile},
};

/// How far back a suggestion looks.
pub const DAYS: u64 = 30;

/// The beginning of the period that ends now, on a whole day: usage is summed up by day.
pub fn period_start(now: Timestamp) -> Timestamp {
    crate::usage::Span::Day.start(now - Duration::from_secs(DAYS * 86_400))
}

/// What was counted of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHistory {
    /// From when on: at most [`DAYS`] ago, and not before the key was created or counting began.
    pub since: Timestamp,
    /// Accepted requests, by the narrowest scopes that suffice for them. Empty: they named neither a scope nor a method.
    pub accepted: BTreeMap<String, u64>,
    /// All requests, refused ones too.
    pub requests: u64,
    /// Of them, how many came from each network, as [`Network`](crate::usage::Network) writes it.
    pub networks: BTreeMap<String, u64>,
    /// Of them, how many had each method.
    pub methods: BTreeMap<String, u64>,
    /// Requests that could not be counted: of the key, or of an unknown key of its organization.
    pub not_counted: u64,
}

/// The maximum number of combinations of scopes that a suggestion looks at.
const COMBINATIONS: usize = 200;

/// Values of networks and methods that stand for several, or for none.
const OTHER: &str = "other";
const UNSPECIFIED: &str = "unspecified";

impl KeyHistory {
    /// Without a request.
    pub const fn empty(since: Timestamp) -> Self {
        Self {
            since,
            accepted: BTreeMap::new(),
            requests: 0,
            networks: BTreeMap::new(),
            methods: BTreeMap::new(),
            not_counted: 0,
        }
    }

    pub fn accepted_requests(&self) -> u64 {
        self.accepted.values().sum()
    }

    fn unspecified(&self) -> u64 {
        self.accepted.get("").copied().unwrap_or_default()
    }
}

/// Why a part of a key can't be narrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    Unused,
    NotCounted(u64),
    Unspecified(u64),
    /// Methods or networks of so many requests are not kept.
    Forgotten(u64),
    /// A key here has one scope, and none covers what was used.
    OneScope,
    LowerLimit,
    NoScopes,
    /// The key or the profile no longer has any of the scopes that were used.
    Changed,
    ManyNetworks,
    NoAddress(u64),
    /// The verifier would refuse a request of a kind that it accepted.
    Refused,
}

/// A narrower key, as far as it can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub since: Timestamp,
    /// How many requests were accepted.
    pub requests: u64,
    /// The scopes that the key grants and that were needed, in the order of the catalogue.
    pub used_scopes: Vec<String>,
    /// Those that it grants and that were not needed.
    pub unused_scopes: Vec<String>,
    /// The scopes of a narrower key.
    pub scopes: Result<Vec<String>, Blocked>,
    /// Its addresses.
    pub addresses: Result<Addresses, Blocked>,
    /// Whether requests from elsewhere are refused: only if they are already. Otherwise they are monitored first.
    pub addresses_enforced: bool,
    /// Whether it allows less than the key does.
    pub is_narrower: bool,
}

impl Suggestion {
    /// What the recorded requests suggest. Each kind of request among them (scopes, method and network) that the verifier
    /// accepts with the key is accepted with the suggested one, even if its addresses are enforced.
    pub fn of(key: &Key, history: &KeyHistory, profile: &Profile) -> Self {
        let granted = profile.granted(profile.set(key.scopes.iter().map(String::as_str)));
        let needed = scopes::needed(granted, history, profile);
        let mut scopes = scopes::narrower(key, granted, needed, history, profile);
        let mut addresses = narrower_addresses(key, history);
        let fits = |scopes: &Result<Vec<String>, Blocked>, addresses: &Result<Addresses, Blocked>| {
            let scopes = scopes.as_ref().map_or(&key.scopes, |scopes| scopes);
            replay::fits(key, scopes, addresses.as_ref().ok(), history, profile)
        };
        if !fits(&scopes, &Err(Blocked::Refused)) {
            scopes = Err(Blocked::Refused);
        }
        if !fits(&scopes, &addresses) {
            addresses = Err(Blocked::Refused);
        }
        let names = |set| profile.names(set).map(str::to_owned).collect::<Vec<_>>();
        let used = profile.granted(needed);
        let (used, unused) = granted.places().partition::<Vec<_>, _>(|place| used.has(*place));
        let set =
            |places: Vec<usize>| places.into_iter().fold(crate::profile::ScopeSet::EMPTY, |set, one| set.with(one));
        // What is not known of some requests may have been used by them.
        let is_known = !matches!(scopes, Err(blocked) if blocked.is_unknown());
        let own = &key.restrictions;
        let is_enforced = own.addresses_enforced && !own.addresses.is_empty();
        let less = scopes
            .as_ref()
            .is_ok_and(|scopes| profile.granted(profile.set(scopes.iter().map(String::as_str))).len() < granted.len());
        let fewer = !is_enforced && addresses.as_ref().is_ok_and(|addresses| own.addresses != *addresses);
        Self {
            since: history.since,
            requests: history.accepted_requests(),
            used_scopes: names(set(used)),
            unused_scopes: if is_known { names(set(unused)) } else { Vec::new() },
            scopes,
            addresses,
            addresses_enforced: is_enforced,
            is_narrower: less || fewer,
        }
    }
}

impl Blocked {
    /// Whether some requests may have needed more than is known.
    const fn is_unknown(self) -> bool {
        matches!(self, Self::NotCounted(_) | Self::Unspecified(_) | Self::Forgotten(_) | Self::NoScopes | Self::Changed)
    }

    /// As JSON says it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::NotCounted(_) => "not_counted",
            Self::Unspecified(_) => "unspecified",
            Self::Forgotten(_) => "forgotten",
            Self::OneScope => "one_scope",
            Self::LowerLimit => "lower_limit",
            Self::NoScopes => "no_scopes",
            Self::Changed => "changed",
            Self::ManyNetworks => "many_networks",
            Self::NoAddress(_) => "no_address",
            Self::Refused => "refused",
        }
    }
}

/// What blocks any suggestion from these requests. `counted` are those with a known value of what it is about.
fn blocked(history: &KeyHistory, counted: &BTreeMap<String, u64>) -> Option<Blocked> {
    let known: u64 = counted.values().sum();
    match history {
        _ if history.not_counted > 0 => Some(Blocked::NotCounted(history.not_counted)),
        _ if history.accepted_requests() == 0 => Some(Blocked::Unused),
        // Each is judged with each method and network.
        _ if history.accepted.len() > COMBINATIONS => Some(Blocked::Forgotten(history.requests)),
        _ if known < history.requests => Some(Blocked::Forgotten(history.requests - known)),
        _ => None,
    }
}

/// The networks that the key was used from. Addresses that are enforced already stay as they are.
fn narrower_addresses(key: &Key, history: &KeyHistory) -> Result<Addresses, Blocked> {
    let own = &key.restrictions;
    if own.addresses_enforced && !own.addresses.is_empty() {
        return Ok(own.addresses.clone());
    }
    if let Some(blocked) = blocked(history, &history.networks) {
        return Err(blocked);
    }
    if let Some(n) = history.networks.get(UNSPECIFIED) {
        return Err(Blocked::NoAddress(*n));
    }
    if history.networks.contains_key(OTHER) || history.networks.len() > addresses::MOST {
        return Err(Blocked::ManyNetworks);
    }
    let networks: Vec<_> = history.networks.keys().cloned().collect();
    Addresses::check_list(&networks).map_err(|_| Blocked::ManyNetworks)
}

/// Whether keys have scopes here.
fn has_scopes(profile: &Profile) -> bool {
    profile.keys.scopes != HowMany::None
}
