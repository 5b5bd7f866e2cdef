//! What clients are told when they are refused: a body for each verdict, made ready when the profile is read.

mod lacking;
pub mod sentences;
mod template;

pub use template::{Placeholder, Template};

use crate::verdict::Verdict;

/// What kind of refusal a client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Unauthorized,
    Forbidden,
    RateLimited,
    /// What was asked can't be understood.
    BadRequest,
    /// Nothing can be said right now.
    Unavailable,
}

impl Class {
    pub const ALL: [Self; 5] =
        [Self::Unauthorized, Self::Forbidden, Self::RateLimited, Self::BadRequest, Self::Unavailable];

    /// Its name in a profile, and its code where the profile has no other.
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

    /// The words of the status.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::RateLimited => "Too Many Requests",
            Self::BadRequest => "Bad Request",
            Self::Unavailable => "Service Unavailable",
        }
    }

    /// The class that tells of such a status.
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

/// A refusal that is no verdict: of a request that can't be judged.
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

/// How a class is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClassErrors {
    /// With the documentation's address in it, as the message has it.
    pub body: Template,
    pub doc_url: Template,
    /// Instead of every other code.
    pub code: Option<String>,
    /// Instead of our own sentences.
    pub message: Option<Template>,
}

/// The body of a verdict; only ids are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub body: Template,
    /// Where the key is no app's.
    pub without_app: Template,
    /// With the message missing, where the profile has no words of its own for this verdict.
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
    /// JSON for whoever holds the key. Of a key that is unknown nothing is told, whatever the asker knows of it.
    pub fn refusal(&self, verdict: Verdict, app_id: Option<&str>, request_id: &str) -> String {
        let app_id = app_id.filter(|_| !matches!(verdict, Verdict::NotFound | Verdict::Malformed));
        self.refusals[verdict as usize].render(app_id, request_id)
    }

    /// The same with a message that says more than the verdict, unless the profile has words of its own.
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

    /// JSON for what could not be judged.
    pub fn unjudged(&self, told: &Unjudged<'_>, request_id: &str) -> String {
        let class = &self.classes[Class::of(told.status) as usize];
        let code = class.code.as_deref().unwrap_or(told.code);
        // What a gateway's configuration gets wrong has to be told to the person who fixes it.
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
