//! The narrowest scopes that suffice for a request, whatever its key has: what is counted as used.

use super::{Profile, ScopeSet};
use crate::scope::{Request, Scope};

impl Profile {
    /// The named scopes without those that others of them imply and, if none is named, the scope that allows the
    /// request and implies the fewest others. Empty if the request names neither a scope nor a method.
    pub fn narrowest(&self, named: &[&str], request: &Request<'_>) -> ScopeSet {
        if !named.is_empty() {
            let asked = self.set(named.iter().copied());
            if named.len() == 1 {
                return asked;
            }
            let of_one = |place| ScopeSet::default().with(place);
            let implied = |place| asked.places().any(|other| other != place && self.granted(of_one(other)).has(place));
            let narrowest = asked.places().filter(|place| !implied(*place)).fold(ScopeSet::default(), ScopeSet::with);
            // Scopes that imply each other.
            return if narrowest.is_empty() { asked } else { narrowest };
        }
        if request.method.is_none() {
            return ScopeSet::default();
        }
        let allowing = self.scopes.iter().zip(&self.granted).enumerate();
        let allowing = allowing.filter(|(_, (scope, _)): &(usize, (&Scope, &ScopeSet))| scope.allows(request));
        let narrowest = allowing.min_by_key(|(_, (_, granted))| granted.len());
        narrowest.map_or(ScopeSet::default(), |(place, _)| ScopeSet::default().with(place))
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
