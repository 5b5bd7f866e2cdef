//! The narrowest scopes that cover what was used.

use super::{Blocked, KeyHistory, OTHER, UNSPECIFIED, blocked, has_scopes};
use crate::{
    key::Key,
    profile::{HowMany, Profile, ScopeSet},
    scope::Request,
    usage::OTHER_SCOPES,
};

/// Which of the granted scopes the recorded requests needed, or may have needed: paths are not counted, so a scope with paths
/// may have allowed any of them.
pub(super) fn needed(granted: ScopeSet, history: &KeyHistory, profile: &Profile) -> ScopeSet {
    if history.accepted.is_empty() {
        return ScopeSet::EMPTY;
    }
    let used = history.accepted.keys().flat_map(|scopes| scopes.split_whitespace());
    let has_paths = |one: &usize| profile.scopes.get(*one).is_some_and(|scope| !scope.paths.is_empty());
    let by_path = granted.places().filter(has_paths);
    let mut needed = by_path.fold(within(profile.set(used), granted), ScopeSet::with);
    // A request that names a scope is counted with that scope, and its method is judged too.
    for method in history.methods.keys().filter(|method| !matches!(method.as_str(), OTHER | UNSPECIFIED)) {
        let request = Request::new(Some(method), None);
        if profile.allows(granted, &request) && !profile.allows(profile.granted(needed), &request) {
            needed =
                narrowest(profile, granted, |one| profile.scopes.get(one).is_some_and(|scope| scope.allows(&request)))
                    .map_or(needed, |scope| needed.with(scope));
        }
    }
    needed
}

/// The scopes of a narrower key that is granted what was needed.
pub(super) fn narrower(
    key: &Key,
    granted: ScopeSet,
    needed: ScopeSet,
    history: &KeyHistory,
    profile: &Profile,
) -> Result<Vec<String>, Blocked> {
    if !has_scopes(profile) {
        return Err(Blocked::NoScopes);
    }
    if let Some(blocked) = blocked(history, &history.methods) {
        return Err(blocked);
    }
    if let Some(n) = history.accepted.get(OTHER_SCOPES) {
        return Err(Blocked::Forgotten(*n));
    }
    match history.unspecified() {
        0 => {}
        n => return Err(Blocked::Unspecified(n)),
    }
    if needed.is_empty() {
        return Err(Blocked::Changed);
    }
    let held = match profile.keys.scopes {
        HowMany::One => {
            let covers =
                |one: usize| needed.places().all(|scope| profile.granted(ScopeSet::EMPTY.with(one)).has(scope));
            ScopeSet::EMPTY.with(narrowest(profile, granted, covers).ok_or(Blocked::OneScope)?)
        }
        HowMany::Many | HowMany::None => profile.without_implied(needed),
    };
    if has_lower_limit(key, held, profile) {
        return Err(Blocked::LowerLimit);
    }
    Ok(profile.names(held).map(str::to_owned).collect())
}

fn within(set: ScopeSet, granted: ScopeSet) -> ScopeSet {
    set.places().filter(|one| granted.has(*one)).fold(ScopeSet::EMPTY, ScopeSet::with)
}

/// Of those of a set that fulfil a condition, the one that implies the fewest others.
fn narrowest(profile: &Profile, set: ScopeSet, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let fitting = set.places().filter(|one| fits(*one));
    fitting.min_by_key(|one| profile.granted(ScopeSet::EMPTY.with(*one)).len())
}

/// Whether keys with these scopes have a lower limit per minute, on any plan: the limit can depend on the highest scope.
fn has_lower_limit(key: &Key, held: ScopeSet, profile: &Profile) -> bool {
    if key.restrictions.limits.per_minute.is_some() {
        return false;
    }
    let before = profile.set(key.scopes.iter().map(String::as_str));
    profile.plans.iter().any(|plan| {
        let limit = |scopes: ScopeSet| {
            let of_class = scopes.highest().and_then(|scope| plan.classes.get(scope).copied().flatten());
            of_class.or(plan.per_minute).unwrap_or(u32::MAX)
        };
        limit(held) < limit(before)
    })
}
