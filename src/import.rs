//! Keys that were made elsewhere: how files of them are read, and what their shape is.
//!
//! A plaintext key is digested as soon as its line is read; nothing here keeps, shows or logs one.

mod csv_lines;
pub mod hash;
mod json_lines;
mod line;
pub mod rule;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{
    Invalid, Timestamp,
    approval::WishedKey,
    id::{AppId, ImportId, KeyId, OrgId},
    key::LimitOverride,
    profile::Profile,
};

pub use rule::ImportRule;

/// The largest file, in bytes.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The most keys of a file.
pub const MOST_LINES: usize = 10_000;

/// The longest line of a file, in bytes.
pub const MOST_LINE: usize = 16 * 1024;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With a header that names the columns.
    Csv,
    /// A JSON object on each line.
    JsonLines,
}

impl Format {
    /// JSON lines begin with an object; everything else is CSV.
    pub fn guess(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
        if text.starts_with(b"{") { Self::JsonLines } else { Self::Csv }
    }
}

/// A line of a file: what it asks for, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: u64,
    pub key: Result<ForeignKey, Invalid>,
}

/// A key that was made elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Of the whole key.
    pub sha256: [u8; 32],
    /// How long the key is, if it was plaintext.
    pub length: Option<usize>,
    /// What lists show of it.
    pub shown: String,
    pub new: WishedKey,
    pub limits: LimitOverride,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFile {
    pub lines: Vec<Line>,
    pub rule: ImportRule,
}

/// Reads a file. Fails if it can't be read as a whole; a line with an error is among the lines.
pub fn read(bytes: &[u8], rule: &rule::RuleInput, profile: &Profile, now: Timestamp) -> Result<ImportFile, Invalid> {
    let file = |message: &str| Invalid::field("file", message);
    if bytes.len() > MOST_BYTES {
        return Err(file("The file is larger than 4 MiB. Split it."));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| file("The file is not text in UTF-8."))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rule = rule.check()?;
    let raw = match Format::guess(bytes) {
        Format::Csv => csv_lines::read(text)?,
        Format::JsonLines => json_lines::read(text)?,
    };
    if raw.is_empty() {
        return Err(file("The file has no keys."));
    }
    let lines: Vec<_> = raw
        .into_iter()
        .map(|(number, fields)| Line {
            number,
            key: fields.and_then(|fields| line::check(fields, number, &rule, profile, now)),
        })
        .collect();
    let lengths = lines.iter().flat_map(|line| &line.key).map(|key| key.length);
    let rule = rule.narrowed(lengths);
    Ok(ImportFile { lines, rule })
}

/// What becomes of a line, or became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineOutcome {
    /// Its key is imported.
    Imported,
    /// The organization has imported this key before.
    Repeated,
    Refused,
}

impl LineOutcome {
    pub const ALL: [Self; 3] = [Self::Imported, Self::Repeated, Self::Refused];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Repeated => "repeated",
            Self::Refused => "refused",
        }
    }
}

/// A line, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineReport {
    pub line: u64,
    pub outcome: LineOutcome,
    /// Why it is not imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub shown: String,
    /// The key it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
}

/// An upload of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub id: ImportId,
    pub org_id: OrgId,
    pub app_id: AppId,
    pub rule: ImportRule,
    pub lines: i64,
    /// So far; what would be, before it is started.
    pub counts: Counts,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

impl Import {
    /// Its state in a word.
    pub const fn status(&self) -> &'static str {
        match (self.started_at, self.finished_at) {
            (None, _) => "checked",
            (Some(_), None) => "running",
            (Some(_), Some(_)) => "finished",
        }
    }
}

/// How many lines had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub imported: i64,
    pub repeated: i64,
    pub refused: i64,
}

impl Counts {
    /// Adds a line.
    pub fn add(&mut self, outcome: LineOutcome) {
        match outcome {
            LineOutcome::Imported => self.imported += 1,
            LineOutcome::Repeated => self.repeated += 1,
            LineOutcome::Refused => self.refused += 1,
        }
    }

    pub const fn total(self) -> i64 {
        self.imported + self.repeated + self.refused
    }
}
