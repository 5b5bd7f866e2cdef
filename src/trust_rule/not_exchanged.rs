//! Why a good token gets no key.

use crate::Error;

#[derive(Debug)]
pub enum NotExchanged {
    /// No rule of the app trusts it that is not paused.
    Untrusted,
    /// The rules that trust it give less than what was asked for.
    TooMuch,
    /// It was exchanged before.
    Used,
    /// It expired while it waited for others.
    Expired,
    /// There is no such app, or it is archived.
    NoApp,
    /// What the organization's rules for keys say.
    Refused(String),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for NotExchanged {
    fn from(error: E) -> Self {
        match error.into() {
            Error::Invalid(invalid) => Self::Refused(invalid.to_string()),
            Error::Conflict { message, .. } => Self::Refused(message),
            error => Self::Failed(error),
        }
    }
}
