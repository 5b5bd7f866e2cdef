//! A picture as a response.

use axum::{
    body::Bytes,
    http::header,
    response::{IntoResponse, Response},
};
use sallyport::picture::Picture;

use crate::ui::Uncompressed;

/// If a browser opens an SVG by itself, its scripts don't run, and it has an origin of its own.
const POLICY: &str = "default-src 'none'; sandbox";

/// The picture, to be kept by browsers as `cache` says.
pub fn answer(picture: &Picture, cache: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, picture.format.media_type()),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, cache),
    ];
    let mut response = (headers, Bytes::from(picture.bytes.clone())).into_response();
    // Its format is compressed already.
    response.extensions_mut().insert(Uncompressed);
    response
}
