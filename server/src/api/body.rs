//! Request bodies, with limits on size and duration.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::StatusCode,
};
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use super::problem::Problem;

/// A request to be verified may contain the signed body.
const LIMIT: usize = 256 * 1024;
/// Shorter than the time limit of a response: a slow sender gets this error, and not the one that keys can't be
/// checked.
const TIME: Duration = Duration::from_secs(20);

pub async fn read(body: Body) -> Result<Bytes, Problem> {
    read_up_to(LIMIT, body).await
}

/// The same with another limit, in bytes.
pub async fn read_up_to(limit: usize, body: Body) -> Result<Bytes, Problem> {
    read_within(TIME, limit, body).await
}

async fn read_within(time: Duration, limit: usize, body: Body) -> Result<Bytes, Problem> {
    match timeout(time, to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(if error.into_inner().is::<LengthLimitError>() {
            let detail = format!("The body may be {} KiB at most.", limit / 1024);
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        } else {
            Problem::bad_request("The body could not be read.")
        }),
        Err(_) => {
            let detail = "The body did not arrive in time.";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use std::convert::Infallible;

    async fn status(body: Body) -> Option<u16> {
        read_within(Duration::from_millis(1), LIMIT, body).await.err().map(|problem| problem.status)
    }

    #[tokio::test]
    async fn a_body_is_bounded_in_size_and_time() {
        assert_eq!(read(Body::from("{}")).await.ok().as_deref(), Some(&b"{}"[..]));
        assert_eq!(status(Body::from(vec![b' '; LIMIT])).await, None);
        assert_eq!(status(Body::from(vec![b' '; LIMIT + 1])).await, Some(413));
        let broken = stream::iter([Ok("{"), Err(std::io::Error::other("reset"))]);
        assert_eq!(status(Body::from_stream(broken)).await, Some(400));
        assert_eq!(status(Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())).await, Some(408));
    }
}
