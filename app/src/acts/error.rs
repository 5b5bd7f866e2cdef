//! Why an act did nothing, and what becomes of that: a form shown again, the page of an error, or an answer to an island.

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

/// Why an act did nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActError {
    /// The person is not let at it: they have to sign in first, there is no such thing for them, or their role does not
    /// allow it.
    Denied(PageError),
    /// What is wrong with what was typed, by the name of the field; an empty name for the whole form.
    Invalid(Vec<(String, String)>),
    /// The store refused, though the person may do it.
    Refused(PageError),
    /// It does not fit what is there by now.
    Conflict(String),
    /// The form was sent before, and made this key.
    AlreadyIssued(KeyId),
    /// Too many attempts: what to say beside which field, and in how many seconds another is taken.
    Throttled { field: String, message: String, seconds: u64 },
}

/// What an island is told.
#[derive(Serialize)]
struct Told {
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<(String, String)>,
}

const SENT_BEFORE: &str = "This form was sent already.";

impl ActError {
    /// Something is wrong with one field; an empty name for the whole form.
    pub fn field(name: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![(name.to_owned(), message.into())])
    }

    /// The form that was sent, with what is wrong with it. What no form can say is an error with a page of its own.
    pub fn beside(self, mut form: FormState) -> Result<FormState, PageError> {
        let status = self.status().as_u16();
        match self {
            Self::Denied(error) => return Err(error),
            Self::Invalid(errors) => {
                errors.into_iter().for_each(|(name, message)| form.refuse(&name, message));
                return Ok(form);
            }
            // It is as good as before, and can be sent again.
            Self::Refused(PageError::Busy(message)) => return Ok(form.with_error("", message)),
            Self::Refused(error) => form.refuse("", error.message()),
            Self::Conflict(message) => form.refuse("", message),
            Self::AlreadyIssued(_) => form.refuse("", SENT_BEFORE),
            Self::Throttled { field, message, .. } => form.refuse(&field, message),
        }
        Ok(form.with_status(status))
    }

    /// In how many seconds another attempt is taken, where there were too many.
    pub fn wait(&self) -> Option<u64> {
        if let Self::Throttled { seconds, .. } = self { Some(*seconds) } else { None }
    }

    fn status(&self) -> StatusCode {
        let status = match self {
            Self::Denied(PageError::SignIn { .. }) => 401,
            Self::Denied(PageError::ChangePassword) => 403,
            Self::Denied(error) | Self::Refused(error) => error.status(),
            Self::Invalid(_) => 422,
            Self::Conflict(_) | Self::AlreadyIssued(_) => 409,
            Self::Throttled { .. } => 429,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn message(&self) -> String {
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

/// For a page that has no form to show again.
impl From<ActError> for PageError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Denied(error) | ActError::Refused(error) => error,
            other => Self::BadRequest(other.message()),
        }
    }
}

/// What the framework has to say: what was sent fits no arguments, or an answer can't be sent.
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

/// As an island gets it. The error goes along for what stands around the acts: a refused role is noted.
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
