//! Which scope a request requires that its key lacks, for the error message.

use crate::{
    key::{Ask, KeyRecord},
    profile::Profile,
};

const AMBIGUOUS: &str =
    "The path of this request can be read in two ways (//, /../, %2F, ;, # or the like). Write it plainly.";
/// Names in a profile are no longer than this; longer or unusual text is not repeated.
const LONGEST_NAME: usize = 64;

impl Profile {
    /// A sentence about a request that was refused for its scopes, if there is more to say.
    pub fn lacking(&self, ask: &Ask<'_>, key: &KeyRecord) -> Option<String> {
        let granted = self.granted(key.scopes);
        let lacking: Vec<_> = ask.scopes.iter().copied().filter(|scope| !self.includes(granted, scope)).collect();
        if let Some(unknown) = lacking.iter().find(|scope| self.scope(scope).is_none()) {
            return Some(no_such_scope(unknown));
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

/// The error is in the gateway or the backend, not in the key.
fn no_such_scope(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte);
    let named = match name.len() <= LONGEST_NAME && name.bytes().all(plain) {
        true => format!("a scope that does not exist: {name}"),
        false => "a scope that does not exist".to_owned(),
    };
    format!("The gateway or backend requires {named}. No API key can have it; correct what is required.")
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
        let unknown = lacking(&["moon", "write"], None, None).expect("a sentence");
        assert!(unknown.starts_with("The gateway or backend requires a scope that does not exist: moon."), "{unknown}");
        let strange = lacking(&["<moon>"], None, None).expect("a sentence");
        assert!(strange.starts_with("The gateway or backend requires a scope that does not exist. No"), "{strange}");
        assert_eq!(lacking(&[], Some("GET"), Some("/x#")).as_deref(), Some(AMBIGUOUS));
        assert_eq!(lacking(&[], Some("TRACE"), None), None);
    }
}
