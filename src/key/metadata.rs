//! What an owner notes on a key: a JSON object that comes back with each verdict.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Invalid;

/// As many bytes as its JSON may have.
pub const MOST: usize = 2048;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    pub fn check(text: &str) -> Result<Self, Invalid> {
        let refused = |message: String| Err(Invalid::field("metadata", message));
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let object = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return refused(r#"Write a JSON object, like {"team": "payments"}."#.to_owned()),
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                return refused(format!(
                    r#"This is not JSON: something is wrong in line {line} at column {column}. Write it like {{"team": "payments"}}."#
                ));
            }
        };
        let checked = Self(object);
        let text = checked.to_string();
        if text.len() > MOST {
            return refused(format!("At most {MOST} bytes; this has {}.", text.len()));
        }
        Ok(checked)
    }

    /// What the database holds, which was checked.
    #[cfg(feature = "store")]
    pub(crate) fn stored(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For a person to read and to edit.
    pub fn pretty(&self) -> String {
        if self.is_empty() { String::new() } else { serde_json::to_string_pretty(&self.0).unwrap_or_default() }
    }
}

impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).unwrap_or_default())
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
        for wrong in ["[]", "1", "{", "{a: 1}", "null", &long, &deep] {
            let Err(Invalid(errors)) = Metadata::check(wrong) else { panic!("{wrong} was taken") };
            assert_eq!(errors[0].field, "metadata");
        }
    }
}
