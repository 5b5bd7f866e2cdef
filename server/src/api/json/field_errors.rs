//! Errors in a body and their positions, never the values: one may be a misplaced secret, and responses are logged.

use serde_json::{Error, Value, error::Category};
use serde_path_to_error::{Path, Segment};

use super::RequestBody;
use crate::api::problem::{Problem, WrongField};

pub fn problem<T: RequestBody>(error: &Error, bytes: &[u8]) -> Problem {
    let place = format!("at line {}, column {}", error.line(), error.column());
    // For some errors (a number instead of a text, too long a list) serde_json reports invalid JSON.
    let is_json = || serde_json::from_slice::<Value>(bytes).is_ok();
    match error.classify() {
        category if category == Category::Data || is_json() => {
            let wrong = field::<T>(bytes);
            let field = if wrong.pointer.is_empty() { String::new() } else { format!(" ({})", wrong.pointer) };
            let detail = format!("The JSON is not what this endpoint expects, {place}{field}. {}", wrong.detail);
            Problem::invalid(detail, vec![wrong])
        }
        _ => Problem::bad_request(format!("The body is not JSON, {place}.")),
    }
}

/// An error of the whole body.
pub fn whole<T: RequestBody>(detail: String) -> Problem {
    Problem::invalid(detail, vec![everything::<T>()])
}

/// Parses the body a second time, which only happens after an error.
fn field<T: RequestBody>(bytes: &[u8]) -> WrongField {
    let reader = &mut serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(reader) {
        Err(error) => {
            let message = error.inner().to_string();
            let mut pointer = pointer(error.path(), message.starts_with(UNKNOWN));
            if message.starts_with(TWICE) {
                pointer.extend(["/", ours(&message)]);
            }
            WrongField { pointer, detail: fix(&message).unwrap_or_else(|| T::FIELDS.to_owned()) }
        }
        Ok(_) => everything::<T>(),
    }
}

fn everything<T: RequestBody>() -> WrongField {
    WrongField { pointer: String::new(), detail: T::FIELDS.to_owned() }
}

const UNKNOWN: &str = "unknown field";
const TWICE: &str = "duplicate field";

/// The field that a message begins with.
fn ours(message: &str) -> &str {
    message.split('`').nth(1).unwrap_or_default()
}

/// RFC 6901. An unknown field is not named, since its name may be a secret; its parent is.
fn pointer(path: &Path, unknown: bool) -> String {
    let mut segments: Vec<_> = path.iter().collect();
    if unknown {
        segments.pop();
    }
    let mut pointer = String::new();
    for segment in segments {
        let name = match segment {
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Seq { index } => index.to_string(),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&name);
    }
    pointer
}

/// A sentence for serde's message. Only parts that come from our own types are included: names of missing or
/// duplicate fields, and the expectation, which comes last.
fn fix(message: &str) -> Option<String> {
    if message.starts_with("missing field") {
        return Some(format!("The field {} is missing.", ours(message)));
    }
    if message.starts_with(TWICE) {
        return Some("The field occurs twice.".to_owned());
    }
    let expected = match message.rsplit_once(", expected ") {
        _ if message.starts_with("invalid IP address") => "IP address",
        Some((_, expected)) => expected.split(" at line ").next().unwrap_or(expected),
        None => return None,
    };
    if message.starts_with(UNKNOWN) {
        let known = expected.trim_start_matches("one of ").replace("` or `", ", ").replace('`', "");
        return Some(format!("It has an unknown field. It takes {known}."));
    }
    if message.starts_with("unknown variant") {
        return Some(format!("It has to be {}.", expected.trim_start_matches("one of ").replace('`', "")));
    }
    let what = match expected {
        "a string" => "text",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "a nonzero u32" => "a whole number from 1 to 4294967295",
        "IP address" => "an address like 203.0.113.7 or 2001:db8::1",
        _ if expected.starts_with("struct ") => "an object",
        _ => return None,
    };
    Some(format!("It has to be {what}."))
}
