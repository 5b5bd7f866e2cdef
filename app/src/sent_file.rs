//! The file of a form that is sent as `multipart/form-data`.

use axum::{
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request},
    http::{StatusCode, header},
};

use crate::{error::PageError, form};

/// The first file; empty if none was chosen.
pub struct SentFile(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for SentFile {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let mut form = multipart(request, state, form::LIMIT_WITH_FILE).await?;
        while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
            if field.file_name().is_some() {
                return Ok(Self(field.bytes().await.map_err(|_| unreadable())?.into()));
            }
        }
        Ok(Self(Vec::new()))
    }
}

/// A file that is larger than a picture, with the other fields of its form.
pub struct SentUpload {
    /// Empty if none was chosen.
    pub file: Vec<u8>,
    fields: Vec<(String, String)>,
}

impl SentUpload {
    /// The largest form with one.
    const LIMIT: usize = sallyport::import::MOST_BYTES + form::LIMIT;

    /// A field, or an empty text.
    pub fn value(&self, name: &str) -> String {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

impl<S: Send + Sync> FromRequest<S> for SentUpload {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let mut form = multipart(request, state, Self::LIMIT).await?;
        let (mut file, mut fields) = (Vec::new(), Vec::new());
        while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
            if field.file_name().is_some() {
                file = field.bytes().await.map_err(|_| unreadable())?.into();
            } else {
                let name = field.name().unwrap_or_default().to_owned();
                fields.push((name, field.text().await.map_err(|_| unreadable())?));
            }
        }
        Ok(Self { file, fields })
    }
}

/// Read first, so that a form that is too large is told from one that is cut off.
async fn multipart<S: Send + Sync>(mut request: Request, state: &S, limit: usize) -> Result<Multipart, PageError> {
    DefaultBodyLimit::max(limit).apply(&mut request);
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
        _ => unreadable(),
    })?;
    let mut whole = Request::new(Body::from(body));
    // The parts of the whole are within its limit.
    DefaultBodyLimit::disable().apply(&mut whole);
    if let Some(kind) = kind {
        whole.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    Multipart::from_request(whole, state).await.map_err(|_| unreadable())
}

fn unreadable() -> PageError {
    PageError::BadRequest("A form with a file was expected here (multipart/form-data).".to_owned())
}
