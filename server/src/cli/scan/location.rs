//! Where a secret was found.

use std::path::Path;

use sallyport::scan::Found;
use serde_json::{Value, json};

use super::text::printable;

pub(super) struct Location {
    /// `-` is standard input.
    pub path: String,
    /// The commit that added the line.
    pub commit: Option<String>,
    pub found: Found,
}

impl Location {
    pub fn as_text(&self) -> String {
        let Found { kind, shown, line, column, .. } = &self.found;
        let commit = self.commit.as_deref().map(|commit| format!(" (commit {commit})")).unwrap_or_default();
        format!("{}:{line}:{column}: {} {shown}{commit}", printable(&self.path), kind.title())
    }

    pub fn as_json(&self) -> Value {
        let Found { kind, shown, line, column, .. } = &self.found;
        let mut object = json!({
            "path": self.path, "line": line, "column": column, "kind": kind.as_str(), "shown": shown,
        });
        if let Some(commit) = &self.commit {
            object["commit"] = json!(commit);
        }
        object
    }
}

/// A path as text; what is no UTF-8 is replaced.
pub(super) fn shown_path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
