//! The narrowest scopes that suffice for a request, whatever its key has: what is counted as used.

use super::{Profile, ScopeSet};
use crate::scope::{Request, Scope};

impl Profile {
    /// The named scopes without those that others of them imply and, if none is named, the scope that allows the
    /// request and implies the fewest others. Empty if the request names neither a scope nor a method.
    pub fn narrowest(&self, named: &[&str], request: &Request<'_>) -> ScopeSet {
        if !named.is_empty() {
            return self.without_implied(self.set(named.iter().copied()));
        }
        if request.method.is_none() {
            return ScopeSet::default();
        }
        let allowing = self.scopes.iter().zip(&self.granted).enumerate();
        let allowing = allowing.filter(|(_, (scope, _)): &(usize, (&Scope, &ScopeSet))| scope.allows(request));
        let narrowest = allowing.min_by_key(|(_, (_, granted))| granted.len());
        narrowest.map_or(ScopeSet::default(), |(place, _)| ScopeSet::default().with(place))
    }

    /// The scopes of a set without those that others of them imply. None imply each other.
    pub fn without_implied(&self, set: ScopeSet) -> ScopeSet {
        if set.len() <= 1 {
            return set;
        }
        let grants = |one: usize, other: usize| self.granted(ScopeSet::EMPTY.with(one)).has(other);
        let is_implied = |place: usize| set.places().any(|other| other != place && grants(other, place));
        set.places().filter(|place| !is_implied(*place)).fold(ScopeSet::EMPTY, ScopeSet::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_scope_is_counted() {
        let profile = Profile::standard();
        let names = |named: &[&str], method| {
            profile.names(profile.narrowest(named, &Request::new(method, None))).collect::<Vec<_>>()
        };
        assert_eq!(names(&["read"], None), ["read"]);
        assert_eq!(names(&["read"], Some("DELETE")), ["read"], "what the caller names counts");
        assert_eq!(names(&[], Some("GET")), ["read"]);
        assert_eq!(names(&[], Some("PUT")), ["write"]);
        assert_eq!(names(&[], Some("DELETE")), ["delete"]);
        assert!(names(&[], None).is_empty() && names(&[], Some("BREW")).is_empty());
        assert_eq!(names(&["read", "write"], None), ["read", "write"]);
        assert!(names(&["unknown"], None).is_empty());
    }
}
