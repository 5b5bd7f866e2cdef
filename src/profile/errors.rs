//! Error responses to clients: a body for each verdict, prepared when the profile is loaded.

mod lacking;
pub mod sentences;
mod template;

pub use template::{Placeholder, Template};

use crate::verdict::Verdict;

/// The class of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Unauthorized,
    Forbidden,
    RateLimited,
    /// The request can't be understood.
    BadRequest,
    /// No decision is possible at present.
    Unavailable,
}

impl Class {
    pub const ALL: [Self; 5] =
        [Self::Unauthorized, Self::Forbidden, Self::RateLimited, Self::BadRequest, Self::Unavailable];

    /// Its name in a profile, and its default code.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
            Self::BadRequest => "bad_request",
            Self::Unavailable => "unavailable",
        }
    }

    pub const fn status(self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::RateLimited => 429,
            Self::BadRequest => 400,
            Self::Unavailable => 503,
        }
    }

    /// The title of the status.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::RateLimited => "Too Many Requests",
            Self::BadRequest => "Bad Request",
            Self::Unavailable => "Service Unavailable",
        }
    }

    /// The class of a status.
    pub const fn of(status: u16) -> Self {
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            429 => Self::RateLimited,
            400..500 => Self::BadRequest,
            _ => Self::Unavailable,
        }
    }
}

/// A refusal without a verdict: the request can't be checked.
#[derive(Clone, Copy, Debug)]
pub struct Unjudged<'a> {
    pub status: u16,
    pub title: &'a str,
    pub code: &'a str,
    pub message: &'a str,
}

/// The bodies of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors {
    pub content_type: String,
    /// In the order of [`Class::ALL`].
    pub(super) classes: [ClassErrors; 5],
    /// In the order of [`Verdict::ALL`].
    pub(super) refusals: Vec<Refusal>,
}

/// The response of a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClassErrors {
    /// Includes the documentation's address, as does the message.
    pub body: Template,
    pub doc_url: Template,
    /// Replaces every other code.
    pub code: Option<String>,
    /// Replaces the default sentences.
    pub message: Option<Template>,
}

/// The body of a verdict; only ids are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub body: Template,
    /// For a key without an app.
    pub without_app: Template,
    /// Without the message, if the profile defines none for this verdict.
    pub open: Option<Template>,
}

impl Refusal {
    fn render(&self, app_id: Option<&str>, request_id: &str) -> String {
        let body = if app_id.is_some() { &self.body } else { &self.without_app };
        body.render(|placeholder| match placeholder {
            Placeholder::RequestId => request_id,
            Placeholder::AppId => app_id.unwrap_or_default(),
            _ => "",
        })
    }
}

impl Errors {
    /// JSON for the client. An unknown key reveals nothing, whatever the caller knows about it.
    pub fn refusal(&self, verdict: Verdict, app_id: Option<&str>, request_id: &str) -> String {
        let app_id = app_id.filter(|_| !matches!(verdict, Verdict::NotFound | Verdict::Malformed));
        self.refusals[verdict as usize].render(app_id, request_id)
    }

    /// The same with a more specific message, unless the profile defines its own.
    pub fn refusal_saying(&self, message: &str, verdict: Verdict, app_id: Option<&str>, request_id: &str) -> String {
        match &self.refusals[verdict as usize].open {
            None => self.refusal(verdict, app_id, request_id),
            Some(open) => open.render(|placeholder| match placeholder {
                Placeholder::Message => message,
                Placeholder::RequestId => request_id,
                Placeholder::AppId => app_id.unwrap_or_default(),
                _ => "",
            }),
        }
    }

    /// JSON for a request that could not be checked.
    pub fn unjudged(&self, told: &Unjudged<'_>, request_id: &str) -> String {
        let class = &self.classes[Class::of(told.status) as usize];
        let code = class.code.as_deref().unwrap_or(told.code);
        // Errors in a gateway's configuration must reach the person who fixes it.
        let own = class.message.as_ref().filter(|_| told.code == Class::of(told.status).name());
        let filled = own.map(|message| class.body.with(Placeholder::Message, message));
        let status = told.status.to_string();
        filled.as_ref().unwrap_or(&class.body).render(|placeholder| match placeholder {
            Placeholder::Status => &status,
            Placeholder::Title => told.title,
            Placeholder::Code => code,
            Placeholder::Message => told.message,
            Placeholder::RequestId => request_id,
            Placeholder::AppId | Placeholder::DocUrl => "",
        })
    }
}
