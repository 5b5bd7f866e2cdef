//! What was typed into a form that can't be shown again: the page that says why repeats it.

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

/// Fields that hold secrets.
const SECRETS: [&str; 5] = ["password", "secret", "token", "sealed", "q"];

/// Fields that are not shown: what no person has typed.
const NOT_SHOWN: [&str; 15] = [
    "password", "secret", "token", "sealed", "key", "q", "do", "version", "back", "next", "user_id", "again",
    "session", "org", "seen",
];

/// What was typed, by the name of the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept(Vec<(String, String)>);

impl Kept {
    /// Reads the form of a request, and gives its body back.
    async fn read(parts: &Parts, body: Body) -> (Self, Body) {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Of what comes in pieces without a length nothing is kept.
        let length = body.size_hint().upper().and_then(|length| usize::try_from(length).ok());
        let is_form = header(header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded");
        if parts.method != Method::POST || !is_form || length.is_none_or(|length| length > LIMIT) {
            return (Self::default(), body);
        }
        match to_bytes(body, LIMIT).await {
            Ok(bytes) => (Self::of(&bytes), Body::from(bytes)),
            // The next reader says what is wrong with it.
            Err(error) => (Self::default(), Body::from_stream(stream::once(async { Err::<Vec<u8>, _>(error) }))),
        }
    }

    fn of(form: &[u8]) -> Self {
        let typed = url::form_urlencoded::parse(form)
            .filter(|(name, value)| !is_secret(name, value))
            .map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self(typed.collect())
    }

    /// What to repeat with this error. A form of another site says nothing here.
    pub fn shown_with(self, error: &PageError) -> Vec<(String, String)> {
        let ours = matches!(
            error,
            PageError::NotFound
                | PageError::Role { .. }
                | PageError::Busy(_)
                | PageError::Unavailable
                | PageError::Broken
        );
        if !ours {
            return Vec::new();
        }
        let shown = self.0.into_iter().filter(|(name, value)| !value.trim().is_empty() && !is_hidden(name));
        shown.map(|(name, value)| (title(&name), value)).collect()
    }

    /// Every field but secrets, to fill the form in again.
    pub fn fields(self) -> Vec<(String, String)> {
        self.0
    }
}

/// Where the form of a request is kept for the page of an error. An extension of the request.
#[derive(Clone, Debug, Default)]
pub struct Slot(Arc<OnceLock<Kept>>);

impl Slot {
    pub fn take(self) -> Kept {
        self.0.get().cloned().unwrap_or_default()
    }
}

/// Keeps the form, within the time that a request has, and after its origin was looked at.
pub async fn keep(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (kept, body) = Kept::read(&parts, body).await;
    if let Some(slot) = parts.extensions.get::<Slot>() {
        // Nobody else keeps anything there.
        let _ = slot.0.set(kept);
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Whether it may hold a secret; a box that is ticked holds none.
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
        let kept = Kept::of(b"label=CI+%3Cb%3E&bundle_id=x&note=+&password=a&new_password=b&form_token=c&q=sk_live_d");
        let typed = [("Label", "CI <b>"), ("Bundle id", "x")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(kept.clone().shown_with(&PageError::NotFound), typed);
        assert_eq!(kept.shown_with(&PageError::Forbidden("of another site".to_owned())), []);
    }
}
