//! Errors of pages.

use axum::response::{IntoResponse, Redirect, Response};
use sallyport::{
    Error,
    error::{NOT_FORWARDED, OUTCOME_UNKNOWN},
    id::OrgId,
    member::Held,
    sign_in_policy::Missing,
};
use serde::{Deserialize, Serialize};

/// Marks a response that is complete, whatever its status: it is not replaced by an error page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rendered;

/// Marks a redirect to the sign-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignedOut;

/// Marks a redirect to the page on which a person confirms that it is them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unconfirmed;

/// Rendered as a page by [`crate::error_page::error_pages`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageError {
    /// Sign in first, then return.
    SignIn {
        next: Option<String>,
    },
    /// Confirm that it is you, then return: the sign-in was too long ago for this.
    Confirm,
    /// Change the password first: another person set it.
    ChangePassword,
    NotFound,
    /// No refused request with this id is kept.
    NotKept,
    Forbidden(String),
    /// The person's role in the organization is too low.
    Role {
        org: OrgId,
        name: String,
        role: Held,
    },
    /// The organization demands more of a sign-in than this session has.
    StepUp {
        org: OrgId,
        missing: Vec<Missing>,
    },
    BadRequest(String),
    TooLarge,
    Busy(String),
    /// The audit log does not reach its collector, so that nothing is changed.
    NotForwarded,
    Unavailable,
    /// The database did not say whether it saved the change.
    OutcomeUnknown,
    /// A defect, which was logged.
    Broken,
}

/// The message for an unknown request id.
pub const NOT_KEPT: &str = "No refused request of your organizations has this id.";

pub type PageResult = Result<Response, PageError>;

impl PageError {
    pub fn status(&self) -> u16 {
        match self {
            Self::SignIn { .. } | Self::Confirm | Self::ChangePassword => 303,
            Self::NotFound | Self::NotKept => 404,
            Self::Forbidden(_) | Self::Role { .. } | Self::StepUp { .. } => 403,
            Self::BadRequest(_) => 400,
            Self::TooLarge => 413,
            Self::Busy(_) | Self::NotForwarded | Self::Unavailable | Self::OutcomeUnknown => 503,
            Self::Broken => 500,
        }
    }

    pub fn title(&self) -> &'static str {
        match self {
            Self::SignIn { .. } => "Sign in",
            Self::Confirm => "Confirm that it’s you",
            Self::ChangePassword => "Choose a password",
            Self::NotFound => "Page not found",
            Self::NotKept => "Request not found",
            Self::Forbidden(_) | Self::Role { .. } => "Not allowed",
            Self::StepUp { missing, .. } => missing.first().map_or("Not allowed", Missing::title),
            Self::BadRequest(_) => "That request can’t be read",
            Self::TooLarge => "Too large",
            Self::Busy(_) => "Very busy",
            Self::NotForwarded => "Changes are stopped",
            Self::Unavailable => "Not reachable right now",
            Self::OutcomeUnknown => "Perhaps saved",
            Self::Broken => "Something went wrong",
        }
    }

    pub fn message(&self) -> String {
        match self {
            Self::SignIn { .. } => "Sign in to see this page.".to_owned(),
            Self::Confirm => "Your sign-in was a while ago: confirm that it’s you first.".to_owned(),
            Self::ChangePassword => "Choose a password of your own first.".to_owned(),
            Self::NotFound => {
                "Nothing is at this address, or it belongs to an organization that you are not a member of.".to_owned()
            }
            Self::NotKept => NOT_KEPT.to_owned(),
            Self::Forbidden(message) | Self::BadRequest(message) | Self::Busy(message) => message.clone(),
            Self::Role { name, role, .. } if role.here.is_empty() => {
                let roles = role.anywhere.titles();
                format!("Your role here is only for a part of it: {roles}. An owner or an admin of {name} can do this.")
            }
            Self::Role { name, role, .. } => {
                format!("Your role here is {}. An owner or an admin of {name} can do this.", role.here.titles())
            }
            Self::StepUp { missing, .. } => missing.iter().map(Missing::sentence).collect::<Vec<_>>().join(" "),
            Self::TooLarge => "The form is larger than the portal accepts.".to_owned(),
            Self::NotForwarded => NOT_FORWARDED.to_owned(),
            Self::OutcomeUnknown => OUTCOME_UNKNOWN.to_owned(),
            Self::Unavailable => {
                "The portal can’t reach its database. Check whether your change was saved, then try again.".to_owned()
            }
            Self::Broken => {
                "This is a defect of the portal. It was logged; an operator can find it by the request’s id.".to_owned()
            }
        }
    }
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::NotFound,
            Error::Forbidden(message) => Self::Forbidden(message.to_owned()),
            Error::SignedOut => Self::SignIn { next: None },
            Error::NotForwarded => Self::NotForwarded,
            Error::Busy(message) => Self::Busy(message.to_owned()),
            Error::Invalid(invalid) => Self::BadRequest(invalid.to_string()),
            Error::Conflict { message, .. } => Self::BadRequest(message),
            Error::AlreadyIssued(_) | Error::AlreadyMade(_) | Error::OtherRequest => {
                Self::BadRequest("This form was sent already.".to_owned())
            }
            Error::Unavailable(_) => {
                tracing::error!(%error, "a page could not be made");
                Self::Unavailable
            }
            Error::OutcomeUnknown => {
                tracing::error!(%error, "a commit was not answered");
                Self::OutcomeUnknown
            }
            Error::Sealed(_) => {
                tracing::error!(%error, "a page could not be made");
                Self::Broken
            }
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        if let Self::SignIn { next } = &self {
            let next = next.as_deref().map(|next| url::form_urlencoded::byte_serialize(next.as_bytes()).collect());
            let query = next.map_or_else(String::new, |next: String| format!("?next={next}"));
            let mut response = Redirect::to(&format!("/sign-in{query}")).into_response();
            response.extensions_mut().insert(SignedOut);
            return response;
        }
        if matches!(self, Self::Confirm) {
            let mut response = Redirect::to("/account/confirm").into_response();
            response.extensions_mut().insert(Unconfirmed);
            return response;
        }
        if matches!(self, Self::ChangePassword) {
            return Redirect::to("/account/password").into_response();
        }
        let status = axum::http::StatusCode::from_u16(self.status()).unwrap_or_default();
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
