//! Reads the body of a page's request before it takes a slot, so that a slow sender does not block others.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    BoxError,
    body::{Body, Bytes, HttpBody},
    http::{Method, Request},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Frame;
use sallyport_app::form::LIMIT_WITH_FILE;

/// The request with its whole body. A body that is too large or unreadable fails when it is read next, which produces
/// the error.
pub async fn with_whole_body(request: Request<Body>) -> Request<Body> {
    // Bodies of these are ignored.
    let is_read = !matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || request.body().is_end_stream() {
        return request;
    }
    let (parts, body) = request.into_parts();
    let body = match whole(body).await {
        Ok(bytes) => Body::from(bytes),
        Err(error) => Body::new(Failed(Some(error))),
    };
    Request::from_parts(parts, body)
}

/// How much of a body that is too large is read, and dropped: browsers send all of it before they show the response.
const READ_AT_MOST: usize = 8 * 1024 * 1024;

/// Concatenated: many small pieces would take far more memory than their content.
async fn whole(mut body: Body) -> Result<Vec<u8>, BoxError> {
    let mut limited = Limited::new(&mut body, LIMIT_WITH_FILE);
    let mut bytes = Vec::new();
    while let Some(frame) = limited.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            Ok(Err(_)) => {}
            Err(error) if error.is::<LengthLimitError>() => {
                drop(bytes);
                read_to_end(body).await;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

async fn read_to_end(body: Body) {
    let mut body = Limited::new(body, READ_AT_MOST);
    while let Some(Ok(_)) = body.frame().await {}
}

/// A body that only yields its error.
struct Failed(Option<BoxError>);

impl HttpBody for Failed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.0.take().map(Err))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::{
        Router,
        extract::{DefaultBodyLimit, RawForm},
        http::{StatusCode, header},
        routing::post,
    };
    use futures_util::stream;
    use sallyport_app::form::LIMIT;
    use tower::ServiceExt;

    use super::*;

    fn form(method: Method, body: Body) -> Request<Body> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        let kind = header::HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
        request
    }

    async fn status(body: Body) -> StatusCode {
        let echo: Router = Router::new().route("/", post(|RawForm(bytes): RawForm| async move { bytes }));
        let request = with_whole_body(form(Method::POST, body)).await;
        let answered = echo.layer(DefaultBodyLimit::max(LIMIT)).oneshot(request).await;
        answered.unwrap_or_else(|never| match never {}).status()
    }

    #[tokio::test]
    async fn a_too_large_or_broken_body_fails_when_it_is_read() {
        assert_eq!(status(Body::from("a=b")).await, StatusCode::OK);
        assert_eq!(status(Body::from(vec![b'a'; LIMIT])).await, StatusCode::OK);
        assert_eq!(status(Body::from(vec![b'a'; LIMIT + 1])).await, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(status(Body::from(vec![b'a'; LIMIT_WITH_FILE + 1])).await, StatusCode::PAYLOAD_TOO_LARGE);
        let broken = stream::iter([Ok("a="), Err(std::io::Error::other("reset"))]);
        assert_eq!(status(Body::from_stream(broken)).await, StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn pieces_become_one_body_and_ignored_bodies_are_not_awaited() {
        let pieces = stream::iter(["a", "=", "b"].map(Ok::<_, Infallible>));
        let whole = with_whole_body(form(Method::POST, Body::from_stream(pieces))).await;
        assert_eq!(whole.body().size_hint().exact(), Some(3));
        let never = stream::pending::<Result<Bytes, Infallible>>();
        with_whole_body(form(Method::GET, Body::from_stream(never))).await;
    }
}
