//! What is wrong, and where. No message repeats a value, which may be a secret.

use std::{fmt, path::PathBuf};

/// Why there is no configuration, and where that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigurationError {
    /// What is wrong, and how to fix it, without the place.
    pub message: String,
    /// The file.
    pub path: Option<PathBuf>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The field, the argument or the variable.
    pub field: Option<String>,
}

impl ConfigurationError {
    pub(crate) fn of_field(field: &str, message: impl Into<String>) -> Self {
        Self { message: message.into(), field: Some(field.to_owned()), ..Self::default() }
    }
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}:", path.display())?;
            if let Some(line) = self.line {
                write!(f, "{line}:")?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigurationError {}
