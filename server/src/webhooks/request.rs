//! One POST over HTTP/1.1, of whose response only the beginning is read.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Request, header},
};
use http_body_util::BodyExt;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use sallyport::webhook::Target;
use tokio::{task::JoinSet, time::timeout};

use super::Answer;
use crate::collector::Stream;

/// Bytes of a response that are kept.
const KEPT: usize = 4_096;

/// How long its body is waited for.
const READING: Duration = Duration::from_secs(2);

/// Bounds of a response's head.
const HEAD: usize = 64 * 1024;
const HEADERS: usize = 100;

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
    let broke_off = |error: hyper::Error| format!("The connection broke off: {error}.");
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD).max_headers(HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broke_off)?;
    // It ends with this function.
    let mut driver = JoinSet::new();
    driver.spawn(async move { drop(connection.await) });
    let response = sender.send_request(request).await.map_err(broke_off)?;
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
