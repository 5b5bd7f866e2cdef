//! One GET over HTTP/1.1, of a document that is small.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sallyport::webhook::Target;
use tokio::task::JoinSet;

use crate::collector::Stream;

/// Bounds of a response's head.
const HEAD: usize = 64 * 1024;
const HEADERS: usize = 100;

pub(super) async fn get(stream: Box<dyn Stream>, target: &Target, most: usize) -> Result<Vec<u8>, String> {
    let request = Request::get(&target.path)
        .header(header::HOST, target.authority())
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, concat!("Sallyport/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(Body::empty())
        .map_err(|_| "The address can't be asked for.".to_owned())?;
    let broke_off = |error: hyper::Error| format!("The connection broke off: {error}.");
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD).max_headers(HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broke_off)?;
    // It ends with this function.
    let mut driver = JoinSet::new();
    driver.spawn(async move { drop(connection.await) });
    let response = sender.send_request(request).await.map_err(broke_off)?;
    match response.status() {
        StatusCode::OK => {}
        status if status.is_redirection() => {
            return Err(format!("It answered {}: redirects are not followed.", status.as_u16()));
        }
        status => return Err(format!("It answered {}.", status.as_u16())),
    }
    let body = Limited::new(response.into_body(), most).collect().await;
    let body = body.map_err(|error| format!("It could not be read, or has more than {most} bytes: {error}."))?;
    Ok(body.to_bytes().to_vec())
}
