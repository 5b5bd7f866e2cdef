//! The kinds of files that a view of events comes as.

use sallyport::audit::export::{CSV_START, Exported};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Jsonl,
}

impl Format {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/x-ndjson",
        }
    }

    pub fn head(self) -> &'static str {
        if self == Self::Csv { CSV_START } else { "" }
    }

    pub fn line(self, event: &Exported) -> String {
        if self == Self::Csv { event.csv_line() } else { event.json_line() }
    }
}
