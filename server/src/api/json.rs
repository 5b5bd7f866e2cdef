//! JSON bodies, with errors that suggest a fix.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use super::{body, problem::Problem};

mod field_errors;

/// A request body of an endpoint.
pub trait RequestBody: DeserializeOwned {
    /// A sentence about its fields, for errors.
    const FIELDS: &str;
    /// Whether it can be left out, as if it had no fields.
    const IS_OPTIONAL: bool = false;
}

/// A body that has to be sent.
pub struct Sent<T>(pub T);

impl<T: RequestBody, S: Sync> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        Ok(Self(parse(&bytes(&head.headers, body).await?)?))
    }
}

/// The body of a request of this type: `{}` if it may be left out and is.
pub async fn bytes_of<T: RequestBody>(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    if !T::IS_OPTIONAL {
        return bytes(headers, body).await;
    }
    let bytes = body::read(body).await?;
    if bytes.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    must_be_json(headers)?;
    Ok(bytes)
}

/// The body, if its content type is JSON.
pub async fn bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    must_be_json(headers)?;
    body::read(body).await
}

/// The same for an optional body.
pub async fn optional<T: RequestBody + Default>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let bytes = body::read(body).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    must_be_json(headers)?;
    parse(&bytes)
}

fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    if is_json(headers) {
        return Ok(());
    }
    let detail = "Send JSON, with the header Content-Type: application/json.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
}

pub fn parse<T: RequestBody>(bytes: &[u8]) -> Result<T, Problem> {
    // serde would accept a list as the fields in order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(field_errors::whole::<T>(format!("Send a JSON object, not a list. {}", T::FIELDS)));
    }
    serde_json::from_slice(bytes).map_err(|error| field_errors::problem::<T>(&error, bytes))
}

/// For `deserialize_with`: `null` means that the field is missing.
pub fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// For `deserialize_with`: the field may be missing, but not `null`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A JSON response in one allocation, large enough for most.
pub fn answer(body: &impl Serialize) -> Response {
    let mut text = Vec::with_capacity(768);
    if serde_json::to_writer(&mut text, body).is_err() {
        return Problem::unavailable().into_response();
    }
    let mut response = Response::new(Body::from(text));
    response.headers_mut().reserve(16);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `application/json` and `application/…+json`, with parameters or without.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    // The most common form.
    if kind == "application/json" {
        return true;
    }
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}
