//! Which scope a request needs that its key does not have: told to the person who holds the key.

use crate::{
    key::{Ask, KeyRecord},
    profile::Profile,
};

const AMBIGUOUS: &str =
    "The path of this request can be read in two ways (//, /../, %2F, ;, # or the like). Write it plainly.";
const NO_SUCH_SCOPE: &str = "This request needs a scope that does not exist here: what the gateway or backend requires has \
    to be corrected.";

impl Profile {
    /// A sentence about a request that was refused for its scopes, where there is more to say than that.
    pub fn lacking(&self, ask: &Ask<'_>, key: &KeyRecord) -> Option<String> {
        let granted = self.granted(key.scopes);
        let lacking: Vec<_> = ask.scopes.iter().copied().filter(|scope| !self.includes(granted, scope)).collect();
        if lacking.iter().any(|scope| self.scope(scope).is_none()) {
            return Some(NO_SUCH_SCOPE.to_owned());
        }
        if !lacking.is_empty() {
            return Some(sentence(&listed(&lacking, "and")));
        }
        if ask.request.is_ambiguous() {
            return Some(AMBIGUOUS.to_owned());
        }
        let enough = self.scopes.iter().filter(|scope| scope.allows(&ask.request));
        let enough: Vec<_> = enough.map(|scope| scope.name.as_str()).collect();
        (!enough.is_empty()).then(|| sentence(&listed(&enough, "or")))
    }
}

fn sentence(scopes: &str) -> String {
    format!("This API key does not have the scope that this request needs: {scopes}.")
}

fn listed(names: &[&str], word: &str) -> String {
    match names {
        [most @ .., last] if !most.is_empty() => format!("{} {word} {last}", most.join(", ")),
        names => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scope::Request, testing::key_record};

    #[test]
    fn what_is_missing_is_named() {
        let (profile, key) = (Profile::standard(), key_record());
        let lacking = |scopes: &[&'static str], method, path| {
            let ask = Ask { scopes: scopes.to_vec(), request: Request::new(method, path), ..Ask::default() };
            profile.lacking(&ask, &key)
        };
        let said =
            |names: &str| Some(format!("This API key does not have the scope that this request needs: {names}."));
        assert_eq!(lacking(&["read", "write"], None, None), said("write"));
        assert_eq!(lacking(&["write", "delete"], None, None), said("write and delete"));
        assert_eq!(lacking(&[], Some("POST"), None), said("write"));
        assert_eq!(lacking(&["moon", "write"], None, None).as_deref(), Some(NO_SUCH_SCOPE));
        assert_eq!(lacking(&[], Some("GET"), Some("/x#")).as_deref(), Some(AMBIGUOUS));
        assert_eq!(lacking(&[], Some("TRACE"), None), None);
    }
}
