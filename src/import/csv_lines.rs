//! CSV: a header that names the columns, and a key in each record.

use csv::{ReaderBuilder, StringRecord, Trim};
use serde_json::{Map, Value};

use super::{
    MOST_LINE, MOST_LINES,
    json_lines::{RawLine, too_long, too_many},
};
use crate::Invalid;

/// The most columns.
const MOST_COLUMNS: usize = 50;

/// The records, with the numbers of the lines where they begin. Empty fields are left out.
pub(super) fn read(text: &str) -> Result<Vec<RawLine>, Invalid> {
    let file = |message: &str| Invalid::field("file", message);
    let mut reader = ReaderBuilder::new().trim(Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| file("The first line is not a CSV header."))?.clone();
    if header.len() > MOST_COLUMNS || header.iter().any(str::is_empty) {
        return Err(file("The first line has to name each column, such as key,label,environment,scopes."));
    }
    if !header.iter().any(|name| matches!(name, "key" | "sha256" | "hash")) {
        return Err(file(
            "The first line has to name the columns, one of which is key (plaintext) or sha256. For JSON lines, begin with {.",
        ));
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| file("The file can't be read as CSV: a quote may be open."))?;
        if lines.len() == MOST_LINES {
            return Err(too_many());
        }
        lines.push((record.position().map_or(0, csv::Position::line), fields(&header, &record)));
    }
    Ok(lines)
}

fn fields(header: &StringRecord, record: &StringRecord) -> Result<Map<String, Value>, Invalid> {
    if record.as_slice().len() > MOST_LINE {
        return Err(too_long());
    }
    if record.len() != header.len() {
        let message = format!("The header names {} columns, this line has {}.", header.len(), record.len());
        return Err(Invalid::field("", message));
    }
    let mut fields = Map::new();
    for (name, value) in header.iter().zip(record).filter(|(_, value)| !value.is_empty()) {
        if fields.insert(name.to_owned(), value.into()).is_some() {
            return Err(Invalid::field("", "Two columns have the same name."));
        }
    }
    Ok(fields)
}
