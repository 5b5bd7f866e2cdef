//! Which scopes allow to delete.

use super::Profile;
use crate::scope::{Method, Scope};

/// By itself: a scope for the method DELETE, for every method of some paths, or with that verb in its name, such as
/// `reports:delete`.
fn deletes(scope: &Scope) -> bool {
    let every_method = scope.methods.is_empty() && !scope.paths.is_empty();
    let mut words = scope.name.split(|letter: char| !letter.is_alphanumeric());
    every_method || scope.methods.contains(&Method::Delete) || words.any(|word| word == "delete")
}

impl Profile {
    /// The names of the scopes that allow to delete, by themselves or by what they imply. `None` if keys have no scopes:
    /// then each key may do everything.
    pub fn deleting_scopes(&self) -> Option<Vec<&str>> {
        if self.scopes.is_empty() {
            return None;
        }
        let allowing = self
            .scopes
            .iter()
            .zip(&self.granted)
            .filter(|(_, granted)| granted.places().filter_map(|place| self.scopes.get(place)).any(deletes));
        Some(allowing.map(|(scope, _)| scope.name.as_str()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_and_those_that_imply_it() {
        assert_eq!(Profile::standard().deleting_scopes(), Some(vec!["delete", "admin"]));
        let named = |name: &str| deletes(&Scope { name: name.to_owned(), ..Scope::default() });
        assert!(named("reports:delete") && named("delete.reports") && !named("undelete") && !named("read"));
    }
}
