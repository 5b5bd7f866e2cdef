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

    async fn from_request(mut request: Request, state: &S) -> Result<Self, PageError> {
        DefaultBodyLimit::max(form::LIMIT_WITH_FILE).apply(&mut request);
        let kind = request.headers().get(header::CONTENT_TYPE).cloned();
        // Read first, so that a form that is too large is told from one that is cut off.
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
            _ => unreadable(),
        })?;
        let mut whole = Request::new(Body::from(body));
        if let Some(kind) = kind {
            whole.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        let mut form = Multipart::from_request(whole, state).await.map_err(|_| unreadable())?;
        while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
            if field.file_name().is_some() {
                return Ok(Self(field.bytes().await.map_err(|_| unreadable())?.into()));
            }
        }
        Ok(Self(Vec::new()))
    }
}

fn unreadable() -> PageError {
    PageError::BadRequest("A form with a file was expected here (multipart/form-data).".to_owned())
}
