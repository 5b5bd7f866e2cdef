//! Changes of a key's metadata: a JSON merge patch (RFC 7396).

use serde_json::{Map, Value};

use super::{Metadata, object};
use crate::Invalid;

/// `null` removes an entry, an object is merged into the existing one, and any other value replaces the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataPatch {
    /// Removes everything: `null` instead of an object.
    Clear,
    Merge(Map<String, Value>),
}

impl MetadataPatch {
    /// A JSON object, or `null`.
    pub fn check(text: &str) -> Result<Self, Invalid> {
        if text.trim() == "null" { Ok(Self::Clear) } else { object(text).map(Self::Merge) }
    }

    /// Applies it to the metadata of a key.
    pub fn applied(&self, metadata: &Metadata) -> Result<Metadata, Invalid> {
        let Self::Merge(patch) = self else { return Ok(Metadata::NONE) };
        let mut object = metadata.0.as_deref().cloned().unwrap_or_default();
        merge(&mut object, patch);
        Metadata::bounded(object)
    }
}

fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(patch) => {
                let mut inner = match target.remove(name) {
                    Some(Value::Object(inner)) => inner,
                    _ => Map::new(),
                };
                merge(&mut inner, patch);
                target.insert(name.clone(), Value::Object(inner));
            }
            value => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(metadata: &str, patch: &str) -> Result<String, Invalid> {
        let metadata = Metadata::check(metadata).expect("metadata");
        MetadataPatch::check(patch)?.applied(&metadata).map(|metadata| metadata.to_string())
    }

    /// The cases of RFC 7396, appendix A, that concern objects.
    #[test]
    fn it_is_a_merge_patch() {
        for (before, patch, after) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
            (r#"{"a":"foo"}"#, "{}", r#"{"a":"foo"}"#),
            (r#"{"a":"foo"}"#, " null ", "{}"),
        ] {
            assert_eq!(applied(before, patch).as_deref(), Ok(after), "{before} {patch}");
        }
    }

    #[test]
    fn what_comes_of_it_is_bounded() {
        let half = format!(r#"{{"a":"{}"}}"#, "x".repeat(1_500));
        let other = half.replace('a', "b");
        assert!(applied("{}", &half).is_ok() && applied(&half, &half).is_ok());
        for (before, patch) in [(half.as_str(), other.as_str()), ("{}", "[]"), ("{}", "1"), ("{}", r#"{"a":1,"a":2}"#)]
        {
            let Err(Invalid(errors)) = applied(before, patch) else { panic!("{patch} was taken") };
            assert_eq!(errors[0].field, "metadata");
        }
    }
}
