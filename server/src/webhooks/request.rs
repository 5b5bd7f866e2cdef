//! One POST over HTTP/1.1, of whose response only the beginning is read.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Request, header},
};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use sallyport::webhook::Target;
use tokio::time::timeout;

use super::Answer;
use crate::{collector::Stream, outside::exchange};

/// Bytes of a response that are kept.
const KEPT: usize = 4_096;

/// How long its body is waited for.
const READING: Duration = Duration::from_secs(2);

pub(super) async fn post(
    stream: Box<dyn Stream>,
    target: &Target,
    headers: Vec<(String, String)>,
    body: String,
    is_kept: bool,
) -> Result<Answer, String> {
    let mut request = Request::post(&target.path)
        .header(header::HOST, target.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("Sallyport/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(Body::from(body))
        .map_err(|_| "The address can't be asked for.".to_owned())?;
    for (name, value) in headers {
        let (name, value) = (HeaderName::try_from(name), HeaderValue::try_from(value));
        let (Ok(name), Ok(value)) = (name, value) else { return Err("A header can't be sent.".to_owned()) };
        request.headers_mut().insert(name, value);
    }
    let (response, _driver) = exchange(stream, request).await?;
    let code = response.status().as_u16();
    let body = if is_kept { Some(beginning(response.into_body()).await) } else { None };
    Ok(Answer { code, body })
}

/// What arrives of it: a body that breaks off or never ends does not matter.
async fn beginning(mut body: Incoming) -> String {
    let mut kept = Vec::new();
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            if let Some(data) = frame.data_ref() {
                kept.extend_from_slice(&data[..data.len().min(KEPT - kept.len())]);
            }
            if kept.len() >= KEPT {
                break;
            }
        }
    };
    let _ = timeout(READING, reading).await;
    let plain = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    String::from_utf8_lossy(&kept).chars().filter(|letter| !plain(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use sallyport::webhook::AllowedTargets;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// What is read of a response, of which there may be more.
    async fn answered(response: &[u8], is_kept: bool) -> Answer {
        let target = Target::parse("https://hooks.example.com/in?a=b", &AllowedTargets::default()).expect("good");
        let (stream, mut receiver) = duplex(64 * 1024);
        let response = response.to_vec();
        let receiver = tokio::spawn(async move {
            let mut read = Vec::new();
            while !read.ends_with(b"{}") {
                receiver.read_buf(&mut read).await.expect("read");
            }
            receiver.write_all(&response).await.expect("written");
            (String::from_utf8(read).expect("text"), receiver)
        });
        let headers = vec![("webhook-id".to_owned(), "msg_x".to_owned())];
        let answer = post(Box::new(stream), &target, headers, "{}".to_owned(), is_kept).await.expect("answered");
        let (request, _open) = receiver.await.expect("no panic");
        assert!(
            request.starts_with("POST /in?a=b HTTP/1.1\r\n") && request.contains("\r\nhost: hooks.example.com\r\n")
        );
        answer
    }

    #[tokio::test]
    async fn four_kilobytes_of_a_response_are_kept() {
        let long = [b"HTTP/1.1 500 Oh\r\ncontent-length: 9000\r\n\r\n".as_slice(), &[b'x'; 9_000]].concat();
        let answer = answered(&long, true).await;
        assert_eq!((answer.code, answer.body), (500, Some("x".repeat(4_096))));
        let answer = answered(&long, false).await;
        assert_eq!((answer.code, answer.body), (500, None), "of a target inside");
        let plain = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\na\0\x1b[1m\n<b>", true).await;
        assert_eq!(plain.body, Some("a[1m\n<b>".to_owned()), "without what controls terminals");
        let empty = answered(b"HTTP/1.1 204 No Content\r\n\r\n", true).await;
        assert_eq!((empty.code, empty.body), (204, Some(String::new())));
    }
}
