//! What set a value: a flag, a variable or the file.

/// The source of a value, for error messages; empty if it is obvious.
#[derive(Clone, Default)]
pub struct SetBy {
    pub data: Option<String>,
    pub database_url: Option<String>,
    pub profile: Option<String>,
}

/// An error about a value, with its source.
pub fn blaming(sentence: impl std::fmt::Display, set_by: Option<&str>) -> String {
    match set_by {
        Some(source) => format!("{sentence}\nIt is set by {source}."),
        None => sentence.to_string(),
    }
}
