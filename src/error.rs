//! The errors of the domain; the outer layers map each kind to a status and a page.

use std::fmt;

/// A field and its error. An empty field name means the whole form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: &'static str,
    pub message: String,
}

/// All errors of an input, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self(vec![FieldError { field, message: message.into() }])
    }

    pub fn push(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(FieldError { field, message: message.into() });
    }

    /// Returns the value of a valid field, or records the error.
    pub fn take<T: Default>(&mut self, checked: std::result::Result<T, Invalid>) -> T {
        checked.unwrap_or_else(|invalid| {
            self.0.extend(invalid.0);
            T::default()
        })
    }

    /// `value` if there are no errors.
    pub fn or<T>(self, value: T) -> std::result::Result<T, Invalid> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "; " };
            // An error of the whole form has no field.
            let field = if error.field.is_empty() { "" } else { ": " };
            write!(f, "{comma}{}{field}{}", error.field, error.message)?;
        }
        Ok(())
    }
}

/// Shown if the connection to the database was lost during a commit.
pub const OUTCOME_UNKNOWN: &str = "The database did not say whether it saved this change. Look whether it did, or try again: a \
    revocation can be repeated.";

/// Shown to whoever wants to change something meanwhile.
pub const NOT_FORWARDED: &str = "Nothing is changed right now: the audit log does not reach its collector, and the operator \
    requires that it does. What takes access away still works: revoke, pause, remove, sign out, delete. Ask an operator to \
    look at Admin → Health.";

/// The result of an operation that had no effect.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is invalid; nothing was changed.
    #[error("{0}")]
    Invalid(Invalid),
    /// It does not exist, or the caller may not see it: both look the same.
    #[error("not found")]
    NotFound,
    /// The caller may see it, but not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The session ended (signed out, expired, or the person was disabled).
    #[error("signed out")]
    SignedOut,
    /// This form was sent before; contains the key that it created.
    #[error("this form was sent already")]
    AlreadyIssued(crate::id::KeyId),
    /// This request was answered before, under the same Idempotency-Key; contains what it created.
    #[error("this request made {0} already")]
    AlreadyMade(String),
    /// A different request had the same Idempotency-Key.
    #[error("another request was sent under this Idempotency-Key")]
    OtherRequest,
    /// It conflicts with the current state; `code` is a stable name for the reason.
    #[error("{message}")]
    Conflict { code: &'static str, message: String },
    /// Too many at once; retrying in a moment may work.
    #[error("{0}")]
    Busy(&'static str),
    /// The audit log does not reach its collector, and the operator requires that it does.
    #[error("{NOT_FORWARDED}")]
    NotForwarded,
    /// The store is unavailable. Verification fails closed.
    #[error("the store can't be reached: {0}")]
    Unavailable(String),
    /// The database did not say whether it committed; a retry finds out.
    #[error("{OUTCOME_UNKNOWN}")]
    OutcomeUnknown,
    /// Encrypted data could not be decrypted: wrong master key, or a damaged database.
    #[error("{0}")]
    Sealed(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl Error {
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(Invalid::field(field, message))
    }
}
