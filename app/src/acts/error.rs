//! Why an act failed, and the response: the form again, an error page, or JSON for an island.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use sallyport::{Error, Invalid, id::KeyId};
use serde::{Deserialize, Serialize};

use crate::{
    error::{PageError, Rendered},
    form::FormState,
};

/// Why an act failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActError {
    /// The person has to sign in first, the resource does not exist for them, or their role does not allow it.
    Denied(PageError),
    /// Input errors by field; an empty name means the whole form.
    Invalid(Vec<(String, String)>),
    /// The store refused, although the person may do it.
    Refused(PageError),
    /// It conflicts with the current state.
    Conflict(String),
    /// The form was sent before, and created this key.
    AlreadyIssued(KeyId),
    /// Too many attempts: the message and its field, and in how many seconds another is accepted.
    Throttled { field: String, message: String, seconds: u64 },
}

/// The response to an island.
#[derive(Serialize)]
struct Told {
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<(String, String)>,
}

const SENT_BEFORE: &str = "This form was sent already.";

impl ActError {
    /// An error of one field; an empty name means the whole form.
    pub fn field(name: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![(name.to_owned(), message.into())])
    }

    /// The same where a form calls a field otherwise.
    #[must_use]
    pub fn renamed(self, field: &str, in_form: &str) -> Self {
        let Self::Invalid(errors) = self else { return self };
        let rename = |(name, message)| if name == field { (in_form.to_owned(), message) } else { (name, message) };
        Self::Invalid(errors.into_iter().map(rename).collect())
    }

    /// Adds the errors to the form that was sent. An error that no form can show has a page of its own.
    pub fn beside(self, mut form: FormState) -> Result<FormState, PageError> {
        let status = self.status().as_u16();
        match self {
            Self::Denied(error) => return Err(error),
            Self::Invalid(errors) => {
                errors.into_iter().for_each(|(name, message)| form.refuse(&name, message));
                return Ok(form);
            }
            // The form is still valid, and can be sent again.
            Self::Refused(PageError::Busy(message)) => return Ok(form.with_error("", message)),
            Self::Refused(error) => form.refuse("", error.message()),
            Self::Conflict(message) => form.refuse("", message),
            Self::AlreadyIssued(_) => form.refuse("", SENT_BEFORE),
            Self::Throttled { field, message, .. } => form.refuse(&field, message),
        }
        Ok(form.with_status(status))
    }

    /// Whether it is about what was asked for: not about who asked, nor a failure of the portal.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Denied(_) | Self::Throttled { .. } => false,
            Self::Refused(error) => error.status() < 500,
            Self::Invalid(_) | Self::Conflict(_) | Self::AlreadyIssued(_) => true,
        }
    }

    /// In how many seconds another attempt is accepted, if there were too many.
    pub fn wait(&self) -> Option<u64> {
        if let Self::Throttled { seconds, .. } = self { Some(*seconds) } else { None }
    }

    fn status(&self) -> StatusCode {
        let status = match self {
            Self::Denied(PageError::SignIn { .. }) => 401,
            Self::Denied(PageError::ChangePassword | PageError::Confirm) => 403,
            Self::Denied(error) | Self::Refused(error) => error.status(),
            Self::Invalid(_) => 422,
            Self::Conflict(_) | Self::AlreadyIssued(_) => 409,
            Self::Throttled { .. } => 429,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What is wrong, in words.
    pub fn message(&self) -> String {
        match self {
            Self::Denied(error) | Self::Refused(error) => error.message(),
            Self::Invalid(errors) => errors.iter().map(|(_, message)| message.as_str()).collect::<Vec<_>>().join(" "),
            Self::Conflict(message) | Self::Throttled { message, .. } => message.clone(),
            Self::AlreadyIssued(_) => SENT_BEFORE.to_owned(),
        }
    }
}

impl From<PageError> for ActError {
    fn from(error: PageError) -> Self {
        Self::Denied(error)
    }
}

impl From<Invalid> for ActError {
    fn from(Invalid(errors): Invalid) -> Self {
        Self::Invalid(errors.into_iter().map(|error| (error.field.to_owned(), error.message)).collect())
    }
}

impl From<Error> for ActError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(invalid) => invalid.into(),
            Error::Conflict { message, .. } => Self::Conflict(message),
            Error::AlreadyIssued(key) => Self::AlreadyIssued(key),
            Error::AlreadyMade(_) | Error::OtherRequest => Self::Conflict(SENT_BEFORE.to_owned()),
            Error::SignedOut | Error::Sealed(_) => Self::Denied(error.into()),
            other => Self::Refused(other.into()),
        }
    }
}

/// For a page without a form.
impl From<ActError> for PageError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Denied(error) | ActError::Refused(error) => error,
            other => Self::BadRequest(other.message()),
        }
    }
}

/// Errors of the framework: invalid arguments, or a response that can't be serialized.
impl FromServerFnError for ActError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                Self::Denied(PageError::BadRequest("What was sent does not fit; open the page again.".to_owned()))
            }
            error => {
                tracing::error!(%error, "an act could not be answered");
                Self::Denied(PageError::Broken)
            }
        }
    }
}

/// The response to an island. The error is also attached for the middleware: refusals for lack of a role are
/// recorded.
impl IntoResponse for ActError {
    fn into_response(self) -> Response {
        let fields = if let Self::Invalid(errors) = &self { errors.clone() } else { Vec::new() };
        let mut response = (self.status(), Json(Told { message: self.message(), fields })).into_response();
        if let Self::Throttled { seconds, .. } = self {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(Rendered);
        response.extensions_mut().insert(PageError::from(self));
        response
    }
}
