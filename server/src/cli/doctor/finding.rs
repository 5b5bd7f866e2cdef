//! What a check found.

use std::fmt;

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub name: &'static str,
    pub ok: bool,
    pub detail: String,
    /// What to do, unless it is good.
    pub fix: Option<String>,
}

impl Finding {
    pub fn good(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, ok: true, detail: detail.into(), fix: None }
    }

    pub fn bad(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, ok: false, detail: detail.into(), fix: Some(fix.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.ok { "ok  " } else { "BAD " };
        write!(f, "{mark} {:<14} {}", self.name, self.detail)?;
        match &self.fix {
            Some(fix) => write!(f, "\n     fix: {fix}"),
            None => Ok(()),
        }
    }
}
