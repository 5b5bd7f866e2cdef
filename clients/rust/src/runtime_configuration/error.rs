//! What is wrong, and where. No message repeats a value, which may be a secret.

use std::{fmt, path::PathBuf};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigurationError {
    pub message: String,
    pub path: Option<PathBuf>,
    pub line: Option<usize>,
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
