//! The results that are counted.

use crate::verdict::Verdict;

/// A verdict, or that a request could not be counted with the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Verdict(Verdict),
    NotCounted,
}

const NOT_COUNTED: &str = "not_counted";

/// All of them.
pub const CODES: usize = Verdict::ALL.len() + 1;

impl Code {
    /// The stored value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.code(),
            Self::NotCounted => NOT_COUNTED,
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        if text == NOT_COUNTED { Some(Self::NotCounted) } else { Verdict::parse(text).map(Self::Verdict) }
    }
}
