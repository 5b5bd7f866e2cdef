//! JSON lines: an object on each line.

use serde_json::{Map, Value};

use super::{MOST_LINE, MOST_LINES};
use crate::Invalid;

/// The fields of a line, or what is wrong with it. No message repeats what the line says.
pub(super) type RawLine = (u64, Result<Map<String, Value>, Invalid>);

/// The lines that are not empty, with their numbers.
pub(super) fn read(text: &str) -> Result<Vec<RawLine>, Invalid> {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        if lines.len() == MOST_LINES {
            return Err(too_many());
        }
        lines.push((number, object(line)));
    }
    Ok(lines)
}

fn object(line: &str) -> Result<Map<String, Value>, Invalid> {
    if line.len() > MOST_LINE {
        return Err(too_long());
    }
    serde_json::from_str(line).map_err(|_| Invalid::field("", "This line is not a JSON object."))
}

pub(super) fn too_many() -> Invalid {
    Invalid::field("file", format!("The file has more than {MOST_LINES} keys. Split it."))
}

pub(super) fn too_long() -> Invalid {
    Invalid::field("", format!("The line is longer than {} KiB.", MOST_LINE / 1024))
}
