//! The values of a form that can't be shown again, repeated on the error page.

use std::sync::{Arc, OnceLock};

use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::Request,
    http::{Method, header, request::Parts},
    middleware::Next,
    response::Response,
};
use futures_util::stream;
use sallyport::text;

use crate::{
    error::PageError,
    form::{LIMIT, title},
};

/// Fields that contain secrets.
const SECRETS: [&str; 8] = ["password", "secret", "token", "sealed", "q", "code", "passphrase", "credential"];

/// Fields that are not shown, because no person typed them.
const NOT_SHOWN: [&str; 19] = [
    "password",
    "secret",
    "token",
    "sealed",
    "key",
    "q",
    "code",
    "passphrase",
    "do",
    "version",
    "back",
    "next",
    "user_id",
    "again",
    "session",
    "org",
    "seen",
    "filters",
    "view",
];

/// The values by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentForm(Vec<(String, String)>);

impl SentForm {
    /// Reads the form of a request, and returns its body.
    async fn read(parts: &Parts, body: Body) -> (Self, Body) {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // A body without a known length is not kept.
        let length = body.size_hint().upper().and_then(|length| usize::try_from(length).ok());
        let is_form = header(header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded");
        if parts.method != Method::POST || !is_form || length.is_none_or(|length| length > LIMIT) {
            return (Self::default(), body);
        }
        match to_bytes(body, LIMIT).await {
            Ok(bytes) => (Self::of(&bytes), Body::from(bytes)),
            // The next reader reports the error.
            Err(error) => (Self::default(), Body::from_stream(stream::once(async { Err::<Vec<u8>, _>(error) }))),
        }
    }

    fn of(form: &[u8]) -> Self {
        let typed = url::form_urlencoded::parse(form)
            .filter(|(name, value)| !is_secret(name, value))
            .map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self(typed.collect())
    }

    /// The values to repeat with this error. Forms of other sites are ignored.
    pub fn shown_with(self, error: &PageError) -> Vec<(String, String)> {
        let ours = matches!(
            error,
            PageError::NotFound
                | PageError::Role { .. }
                | PageError::Busy(_)
                | PageError::NotForwarded
                | PageError::Unavailable
                | PageError::OutcomeUnknown
                | PageError::Broken
        );
        if !ours {
            return Vec::new();
        }
        let shown = self.0.into_iter().filter(|(name, value)| !value.trim().is_empty() && !is_hidden(name));
        shown.map(|(name, value)| (title(&name), value)).collect()
    }

    /// All fields except secrets, to fill in the form again.
    pub fn fields(self) -> Vec<(String, String)> {
        self.0
    }
}

/// Stores the form of a request for the error page. An extension of the request.
#[derive(Clone, Debug, Default)]
pub struct Slot(Arc<OnceLock<SentForm>>);

impl Slot {
    pub fn take(self) -> SentForm {
        self.0.get().cloned().unwrap_or_default()
    }
}

/// Stores the form, within the request's time limit and after the check of its origin.
pub async fn keep(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (kept, body) = SentForm::read(&parts, body).await;
    if let Some(slot) = parts.extensions.get::<Slot>() {
        // Set only here.
        let _ = slot.0.set(kept);
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Whether it may contain a secret; a ticked box does not.
fn is_secret(name: &str, value: &str) -> bool {
    let named = name.split('_').chain([name]).any(|part| SECRETS.contains(&part));
    (named && value != "on") || (!value.is_empty() && text::shown_again(value).is_empty())
}

fn is_hidden(name: &str) -> bool {
    name.split('_').chain([name]).any(|part| NOT_SHOWN.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_repeated_and_no_secret() {
        let kept =
            SentForm::of(b"label=CI+%3Cb%3E&bundle_id=x&note=+&password=a&new_password=b&form_token=c&q=sk_live_d");
        let typed = [("Label", "CI <b>"), ("Bundle id", "x")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(kept.clone().shown_with(&PageError::NotFound), typed);
        assert_eq!(kept.shown_with(&PageError::Forbidden("of another site".to_owned())), []);
    }
}
