//! Lists as files: the formats, and how a file of any length is sent.

mod download;
mod format;

pub use download::{Download, Rows};
pub use format::{Csv, Format, FormatName, Jsonl};
