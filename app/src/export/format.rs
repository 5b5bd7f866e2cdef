//! The file formats of a list.

use sallyport::export::ExportRow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a spreadsheet.
    Csv,
    /// For everything else.
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

    pub fn head<R: ExportRow>(self) -> String {
        if self == Self::Csv { R::csv_head() } else { String::new() }
    }

    pub fn line(self, row: &impl ExportRow) -> String {
        if self == Self::Csv { row.csv_line() } else { row.json_line() }
    }

    /// The address of a list in this format, with the current filters.
    pub fn href<'a>(self, path: &str, filters: impl Iterator<Item = (&'static str, &'a str)>) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(filters).finish();
        let query = if query.is_empty() { query } else { format!("?{query}") };
        format!("{path}.{}{query}", self.extension())
    }
}

/// The format of a route.
pub trait FormatName: Send + 'static {
    const FORMAT: Format;
}

pub struct Csv;

pub struct Jsonl;

impl FormatName for Csv {
    const FORMAT: Format = Format::Csv;
}

impl FormatName for Jsonl {
    const FORMAT: Format = Format::Jsonl;
}
