//! Metadata of a key: a JSON object that is returned with each verification.

mod exact;
mod patch;

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{Invalid, text};
use exact::Distinct;
pub use patch::MetadataPatch;

/// The maximum size of its JSON, in bytes.
pub const MOST: usize = 2048;

/// Most keys have none, which takes no space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(Option<Box<Map<String, Value>>>);

impl Metadata {
    pub const NONE: Self = Self(None);

    pub fn check(text: &str) -> Result<Self, Invalid> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        Self::bounded(object(text)?)
    }

    fn bounded(object: Map<String, Value>) -> Result<Self, Invalid> {
        let checked = Self::from(object);
        let text = checked.to_string();
        if text.len() > MOST {
            return refused(format!("At most {MOST} bytes; this has {}.", text.len()));
        }
        if let Err(message) = text::holds_no_secret(&text) {
            return refused(message);
        }
        Ok(checked)
    }

    /// From the database, where it was validated.
    #[cfg(feature = "store")]
    pub(crate) fn stored(text: &str) -> Self {
        Self::from(serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_ref().and_then(|object| object.get(name))
    }

    /// Its entries by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().flat_map(|object| object.iter()).map(|(name, value)| (name.as_str(), value))
    }

    /// Formatted for reading and editing.
    pub fn pretty(&self) -> String {
        self.0.as_ref().map(|object| serde_json::to_string_pretty(object).unwrap_or_default()).unwrap_or_default()
    }
}

fn refused<T>(message: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid::field("metadata", message))
}

/// Parses a JSON object without loss.
fn object(text: &str) -> Result<Map<String, Value>, Invalid> {
    let object = match serde_json::from_str(text) {
        Ok(Distinct(Value::Object(object))) => object,
        Ok(Distinct(_)) => return refused(r#"Write a JSON object, like {"team": "payments"}."#),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            if error.to_string().starts_with(exact::TWICE) {
                return refused(format!(
                    "An object has the same name twice, in line {line} at column {column}; which is meant?"
                ));
            }
            return refused(format!(
                r#"This is not JSON: something is wrong in line {line} at column {column}. Write it like {{"team": "payments"}}."#
            ));
        }
    };
    if let Some(at) = exact::inexact_number(text) {
        let before = &text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        return refused(format!(
            "The number in line {line} at column {column} has more digits than are kept; write it as text, in \
             quotation marks."
        ));
    }
    Ok(object)
}

impl From<Map<String, Value>> for Metadata {
    fn from(object: Map<String, Value>) -> Self {
        Self((!object.is_empty()).then(|| Box::new(object)))
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(object) => object.serialize(serializer),
            None => Map::new().serialize(serializer),
        }
    }
}

impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_comes_back() {
        let metadata = Metadata::check(" {\"team\": \"payments\", \"tier\": 2} ").expect("an object");
        assert_eq!(metadata.to_string(), r#"{"team":"payments","tier":2}"#);
        assert_eq!(Metadata::check(&metadata.pretty()), Ok(metadata));
        assert_eq!(Metadata::check("  ").expect("nothing").to_string(), "{}");
    }

    #[test]
    fn what_is_no_small_object_is_refused() {
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(MOST));
        let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        for wrong in ["[]", "1", "{", "{a: 1}", "null", "{\"a\": 1e999}", &long, &deep] {
            let Err(Invalid(errors)) = Metadata::check(wrong) else { panic!("{wrong} was taken") };
            assert_eq!(errors[0].field, "metadata");
        }
    }

    #[test]
    fn nothing_is_lost_unseen() {
        let refused = |text: &str| match Metadata::check(text) {
            Err(Invalid(errors)) => errors[0].message.clone(),
            Ok(taken) => panic!("{text} was taken as {taken}"),
        };
        assert!(
            refused("{\"a\": 1,\n \"a\": 2}").starts_with("An object has the same name twice, in line 2 at column ")
        );
        assert!(refused(r#"{"a": [{"b": {"c": 1, "\u0063": 2}}]}"#).contains("same name twice"));
        assert_eq!(
            refused("{\"account\":\n 18446744073709551616}"),
            "The number in line 2 at column 2 has more digits than are kept; write it as text, in quotation marks."
        );
        let kept = r#"{"least":-9223372036854775808,"most":18446744073709551615,"text":"18446744073709551616"}"#;
        assert_eq!(Metadata::check(kept).expect("kept").to_string(), kept);
    }
}
