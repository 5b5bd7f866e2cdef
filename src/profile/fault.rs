//! Errors in a profile and their positions.

use std::fmt;

use serde::Serialize;

/// One error. Lines and columns count from one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    pub line: usize,
    pub column: usize,
    /// Includes a suggested fix.
    pub message: String,
}

impl Fault {
    /// At that byte of the text.
    pub(super) fn at(text: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            message: message.into(),
        }
    }
}

impl Fault {
    /// A TOML syntax error: its position and what was expected. Never the text itself: in settings it might be a
    /// password.
    pub fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        Self::at(text, error.span().map_or(0, |span| span.start), reason(error.message()))
    }
}

/// Extracts the safe part of a TOML error: the expectation without the value.
fn reason(message: &str) -> String {
    let (found, expected) = match message.rsplit_once(", expected ") {
        Some((found, expected)) => (found, Some(expected)),
        None => (message, None),
    };
    let said = match found.split_once(": ") {
        // `invalid type: string "…"`: the kind only.
        Some((kind @ ("invalid type" | "invalid value" | "invalid length"), value)) => {
            format!("{kind}: {}", value.split([' ', '(']).next().unwrap_or_default())
        }
        _ => found.to_owned(),
    };
    let said = match said.split_once('`') {
        Some(("unknown variant ", _)) => "unknown value".to_owned(),
        // The name of a setting, unless it looks like a misplaced value.
        Some((what @ ("unknown field " | "duplicate field "), name)) => {
            let name = name.trim_end_matches('`');
            let plain = |character: char| character.is_ascii_lowercase() || matches!(character, '_' | '-');
            let is_name = name.len() <= 40 && name.chars().all(plain);
            if is_name { format!("{what}`{name}`") } else { what.trim_end().to_owned() }
        }
        _ => said,
    };
    let Some(expected) = expected else { return said };
    let fix = match expected {
        "u32" | "usize" => "a whole number without quotes",
        "a string" | "path string" => "text in quotes",
        "a boolean" => "true or false, without quotes",
        "a sequence" => "a list in brackets",
        "literal string" => "text in quotes; true, false and numbers without",
        _ => return format!("{said}, expected {expected}"),
    };
    format!("{said}, expected {expected}: write {fix}.")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// All errors, from the top of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn what_is_wrong_is_said_without_the_value() {
        for (message, said) in [
            (
                r#"invalid type: string "s3cret, expected by nobody", expected u32"#,
                "invalid type: string, expected u32: write a whole number without quotes.",
            ),
            (
                "invalid type: integer `42`, expected a string",
                "invalid type: integer, expected a string: write text in quotes.",
            ),
            (
                r#"invalid value: string "s3cret", expected path string"#,
                "invalid value: string, expected path string: write text in quotes.",
            ),
            ("unknown variant `s3cret`, expected `text` or `json`", "unknown value, expected `text` or `json`"),
            (
                "unknown field `databse_url`, expected one of `data`, `database_url`",
                "unknown field `databse_url`, expected one of `data`, `database_url`",
            ),
            ("unknown field `postgres://ada:s3cret@db`, expected `data`", "unknown field, expected `data`"),
            ("unknown field `a`b`, expected `data`", "unknown field, expected `data`"),
            ("invalid basic string, expected `\"`", "invalid basic string, expected `\"`"),
            ("duplicate key", "duplicate key"),
        ] {
            assert_eq!(reason(message), said);
        }
    }
}
