//! The values and errors of a form.

use axum::{
    body::Bytes,
    extract::{FromRequest, RawForm, Request},
    http::StatusCode,
    response::IntoResponse,
};
use sallyport::text;

use crate::error::PageError;

/// The maximum size of a form in bytes; a person does not type more.
pub const LIMIT: usize = 64 * 1024;

/// The maximum size of a form with a file, which is checked by itself: room for the other parts, and for a file that is
/// slightly too large, to say so.
pub const LIMIT_WITH_FILE: usize = LIMIT + 16 * 1024;

/// The body of a form as it was sent.
pub async fn sent<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, PageError> {
    let RawForm(bytes) =
        RawForm::from_request(request, state).await.map_err(|rejection| match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
            _ => PageError::BadRequest("A form was expected here (application/x-www-form-urlencoded).".to_owned()),
        })?;
    Ok(bytes)
}

/// The values and errors of a form, by field; an error under `""` belongs to no field.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct FormState {
    values: Vec<(String, String)>,
    errors: Vec<(String, String)>,
    status: Option<u16>,
}

impl FormState {
    /// An empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// A form as it was sent: pairs in their order, names repeated for groups.
    pub fn typed<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let values = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { values, ..Self::default() }
    }

    /// The first value of a field, or an empty string.
    pub fn value(&self, name: &str) -> String {
        self.values_of(name).next().unwrap_or_default().to_owned()
    }

    /// The value to show again: empty if it contains a whole key.
    pub fn shown_again(&self, name: &str) -> String {
        text::shown_again(self.values_of(name).next().unwrap_or_default()).to_owned()
    }

    /// Every value of a repeated field.
    pub fn values_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box of a group is ticked.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values_of(name).any(|typed| typed == value)
    }

    /// Sets a value if the person typed none.
    pub fn with_default(mut self, name: &str, value: impl Into<String>) -> Self {
        if self.values_of(name).next().is_none() {
            self.values.push((name.to_owned(), value.into()));
        }
        self
    }

    /// Sets the values of a repeated field, replacing what was typed.
    pub fn with_values(mut self, name: &str, values: &[String]) -> Self {
        self.values.retain(|(field, _)| field != name);
        self.values.extend(values.iter().map(|value| (name.to_owned(), value.clone())));
        self
    }

    /// Adds an error; `""` for one that belongs to no field.
    pub fn with_error(mut self, name: &str, message: impl Into<String>) -> Self {
        self.refuse(name, message);
        self
    }

    /// Adds an error in place.
    pub fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push((name.to_owned(), message.into()));
    }

    /// Sets the response status, if it is not 422.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The status of [`FormState::with_status`].
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Every value, as (field, value), in the order sent.
    pub fn values(&self) -> &[(String, String)] {
        &self.values
    }

    /// The first error of a field.
    pub fn error(&self, name: &str) -> Option<String> {
        self.errors.iter().find(|(field, _)| field == name).map(|(_, message)| message.clone())
    }

    /// Every error, as (field, message), in the order found.
    pub fn errors(&self) -> &[(String, String)] {
        &self.errors
    }

    /// Whether there is any error.
    pub fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }
}

/// A field's name in words: `bundle_id` as "Bundle id".
pub fn title(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl From<&FormState> for FormState {
    fn from(form: &FormState) -> Self {
        form.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::FormState;

    #[test]
    fn keeps_what_was_typed() {
        let form = FormState::typed([("label", "Ingest"), ("scopes", "read"), ("scopes", "write")]);
        assert_eq!(form.value("label"), "Ingest");
        assert_eq!(form.value("missing"), "");
        assert!(form.has("scopes", "read") && form.has("scopes", "write"));
        assert!(!form.has("scopes", "admin"));
        assert_eq!(form.values_of("scopes").count(), 2);
    }

    #[test]
    fn a_default_never_replaces_what_was_typed() {
        let form = FormState::typed([("label", "")]).with_default("label", "Key").with_default("type", "production");
        assert_eq!(form.value("label"), "");
        assert_eq!(form.value("type"), "production");
    }

    #[test]
    fn an_error_belongs_to_a_field_or_to_the_form() {
        let form = FormState::new();
        assert!(!form.is_refused());
        let form = form.with_error("label", "Write a label.").with_error("", "The store is away.");
        assert!(form.is_refused());
        assert_eq!(form.error("label").as_deref(), Some("Write a label."));
        assert_eq!(form.error("").as_deref(), Some("The store is away."));
        assert_eq!(form.error("scopes"), None);
    }
}
