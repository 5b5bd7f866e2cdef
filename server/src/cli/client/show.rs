//! What the API answered, as tables for people or as JSON.

use sallyport::text::hides;
use serde_json::Value;

use super::list::List;
use crate::cli::table::{harmless, table};

/// A field as the text of a cell: empty if it is missing or `null`.
pub fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A field as the text of a cell, or this text.
pub fn text_or(value: &Value, name: &str, missing: &str) -> String {
    Some(text(value, name)).filter(|text| !text.is_empty()).unwrap_or_else(|| missing.to_owned())
}

/// `archived` or `active`.
pub fn state(value: &Value) -> String {
    if value["archived_at"].is_null() { "active" } else { "archived" }.to_owned()
}

/// Prints a list: a table, or the entries as one JSON array.
pub fn print_list<const N: usize>(
    list: List,
    json: bool,
    nothing: &str,
    head: [&str; N],
    row: impl Fn(&Value) -> [String; N],
) -> Result<(), String> {
    let List { entries, has_more } = list;
    if json {
        say!("{}", json_text(&Value::Array(entries)));
    } else if entries.is_empty() {
        say!("{nothing}");
    } else {
        say!("{}", table(head, entries.iter().map(row).collect()));
    }
    if has_more {
        note!("There are more: add --all, or a larger --limit.");
    }
    Ok(())
}

/// Prints one thing: its fields under each other, or what the API answered.
pub fn print_one(value: &Value, json: bool, fields: &[(&str, String)]) -> Result<(), String> {
    if json {
        say!("{}", json_text(value));
        return Ok(());
    }
    let fields = fields.iter().filter(|(_, text)| !text.is_empty());
    let width = fields.clone().map(|(label, _)| label.chars().count()).max().unwrap_or(0) + 1;
    let lines = fields.map(|(label, text)| {
        let label = format!("{label}:");
        format!("{label:<width$}  {}", harmless(text))
    });
    say!("{}", lines.collect::<Vec<_>>().join("\n"));
    Ok(())
}

/// JSON in which every character is escaped that controls a terminal or hides text: it may be printed on one.
pub fn json_text(value: &Value) -> String {
    let text = format!("{value:#}");
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if hides(character) && character != '\n' {
            // They are in strings only, where JSON escapes the others by itself.
            escaped += &format!("\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_cells() {
        let value = json!({ "a": "x", "b": null, "c": ["read", "write"], "d": 5, "e": true });
        assert_eq!(
            ["a", "b", "c", "d", "e", "f"].map(|name| text(&value, name)),
            ["x", "", "read,write", "5", "true", ""]
        );
        assert_eq!(text_or(&value, "b", "never"), "never");
        assert_eq!(state(&json!({ "archived_at": null })), "active");
        assert_eq!(state(&json!({ "archived_at": "2026-11-22T06:00:00Z" })), "archived");
    }

    #[test]
    fn json_is_the_same_without_control_characters() {
        let value = json!({ "name": "a\u{1b}[1m\u{9b}2J\u{7f}\n é \u{202e}b\u{200b}" });
        let text = json_text(&value);
        assert!(!text.chars().any(|character| hides(character) && character != '\n'), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
    }
}
