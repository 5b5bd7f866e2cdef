//! Counts of requests as rows of a file.

use serde_json::{Value, json};

use super::UsageCount;
use crate::export::ExportRow;

impl ExportRow for UsageCount {
    const COLUMNS: &'static [&'static str] = &["at", "code", "scope", "requests"];

    fn cells(&self) -> Vec<String> {
        let Self { at, code, scope, requests } = self;
        vec![at.to_rfc3339(), code.as_str().to_owned(), scope.clone(), requests.to_string()]
    }

    fn json(&self) -> Value {
        let Self { at, code, scope, requests } = self;
        json!({ "at": at, "code": code.as_str(), "scope": scope, "requests": requests })
    }
}
