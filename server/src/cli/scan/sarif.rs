//! What was found in SARIF 2.1.0, which code hosts show beside the lines.

use std::fmt::Write;

use sallyport::{profile::Mode, scan::Kind};
use serde_json::{Value, json};

use super::{location::Location, report::Report};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

impl Report {
    pub fn as_sarif(&self) -> Value {
        let faults = self.faults().iter().map(|fault| json!({ "level": "error", "message": { "text": fault } }));
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "sallyport",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": Kind::ALL.map(rule),
                } },
                "columnKind": "unicodeCodePoints",
                "invocations": [{
                    "executionSuccessful": self.faults().is_empty(),
                    "toolExecutionNotifications": faults.collect::<Vec<_>>(),
                }],
                "results": self.locations.iter().map(result).collect::<Vec<_>>(),
            }],
        })
    }
}

fn level(kind: Kind) -> &'static str {
    if kind == Kind::ApiKey(Mode::Test) { "warning" } else { "error" }
}

fn rule(kind: Kind) -> Value {
    json!({
        "id": kind.as_str(),
        "shortDescription": { "text": format!("Leaked {}", kind.title()) },
        "help": { "text": "Revoke or rotate it: whoever has read it can use it, also after it was removed." },
        "defaultConfiguration": { "level": level(kind) },
    })
}

fn result(location: &Location) -> Value {
    let found = &location.found;
    let mut result = json!({
        "ruleId": found.kind.as_str(),
        "level": level(found.kind),
        "message": { "text": format!("Leaked {}: {}", found.kind.title(), found.shown) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&location.path) },
            "region": {
                "startLine": found.line,
                "startColumn": found.column,
                "endColumn": found.column + found.length as u64,
            },
        } }],
        "partialFingerprints": { "shown/v1": found.shown },
    });
    if let Some(commit) = &location.commit {
        result["properties"] = json!({ "commit": commit });
    }
    result
}

/// A path as the reference that SARIF wants: relative, or with `file://`.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = if path == "-" { "stdin" } else { path };
    for byte in path.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            true => uri.push(char::from(byte)),
            false => _ = write!(uri, "%{byte:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_reference() {
        let references = ["./a b/é", "/a", "-", "a:b"].map(uri);
        assert_eq!(references, ["a%20b/%C3%A9", "file:///a", "stdin", "a%3Ab"]);
    }
}
