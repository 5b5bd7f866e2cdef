//! What can go wrong, told once: the outer layers turn each kind into a status and a page.

use std::fmt;

/// A field and what is wrong with it. The empty field name means the whole form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: &'static str,
    pub message: String,
}

/// Everything that is wrong with an input, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self(vec![FieldError { field, message: message.into() }])
    }

    pub fn push(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(FieldError { field, message: message.into() });
    }

    /// Keeps the value of a good field, notes what is wrong with a bad one.
    pub fn take<T: Default>(&mut self, checked: std::result::Result<T, Invalid>) -> T {
        checked.unwrap_or_else(|invalid| {
            self.0.extend(invalid.0);
            T::default()
        })
    }

    /// `value` if nothing was noted.
    pub fn or<T>(self, value: T) -> std::result::Result<T, Invalid> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "; " };
            // One that is about all of it names no field.
            let field = if error.field.is_empty() { "" } else { ": " };
            write!(f, "{comma}{}{field}{}", error.field, error.message)?;
        }
        Ok(())
    }
}

/// What a verb of the domain answers when it did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is wrong; nothing was changed.
    #[error("{0}")]
    Invalid(Invalid),
    /// There is no such thing, or it is not theirs to see: both look the same.
    #[error("not found")]
    NotFound,
    /// They may see it, but not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The session ended (signed out, expired, or the person was disabled).
    #[error("signed out")]
    SignedOut,
    /// This form was sent before; the key it made is named.
    #[error("this form was sent already")]
    AlreadyIssued(crate::id::KeyId),
    /// This request was answered before, under the same Idempotency-Key; what it made is named.
    #[error("this request made {0} already")]
    AlreadyMade(String),
    /// Another request had the same Idempotency-Key.
    #[error("another request was sent under this Idempotency-Key")]
    OtherRequest,
    /// It does not fit what is there by now; the code says why in a word that stays.
    #[error("{message}")]
    Conflict { code: &'static str, message: String },
    /// Too much at once; the same may work in a moment.
    #[error("{0}")]
    Busy(&'static str),
    /// The store can't be asked. Questions about keys fail closed.
    #[error("the store can't be reached: {0}")]
    Unavailable(String),
    /// Something sealed does not open: wrong master key, or a damaged database.
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
