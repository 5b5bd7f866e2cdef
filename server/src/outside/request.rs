//! One request over HTTP/1.1, whose response is small.

use axum::{
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use sallyport::webhook::Target;
use tokio::task::JoinSet;

use crate::collector::Stream;

/// Bounds of a response's head.
const HEAD: usize = 64 * 1024;
const HEADERS: usize = 100;

/// The body of a document. Only the status 200 is a success.
pub(super) async fn get(stream: Box<dyn Stream>, target: &Target, most: usize) -> Result<Vec<u8>, String> {
    let request = Request::get(&target.path)
        .header(header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| "The address can't be asked for.".to_owned())?;
    let response = send(stream, target, request, most).await?;
    match response.status() {
        StatusCode::OK => Ok(response.into_body()),
        status if status.is_redirection() => {
            Err(format!("It answered {}: redirects are not followed.", status.as_u16()))
        }
        status => Err(format!("It answered {}.", status.as_u16())),
    }
}

/// The response to a request, whatever its status, if its body has at most so many bytes.
pub(super) async fn send(
    stream: Box<dyn Stream>,
    target: &Target,
    request: Request<Vec<u8>>,
    most: usize,
) -> Result<Response<Vec<u8>>, String> {
    let unsendable = || "The address can't be asked for.".to_owned();
    let (mut parts, body) = request.into_parts();
    parts.uri = target.path.parse().map_err(|_| unsendable())?;
    let set = [
        (header::HOST, target.authority()),
        (header::USER_AGENT, concat!("Sallyport/", env!("CARGO_PKG_VERSION")).to_owned()),
        (header::CONNECTION, "close".to_owned()),
    ];
    for (name, value) in set {
        parts.headers.insert(name, value.parse().map_err(|_| unsendable())?);
    }
    let (response, _driver) = exchange(stream, Request::from_parts(parts, Body::from(body))).await?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, most).collect().await;
    let body = body.map_err(|error| format!("It could not be read, or has more than {most} bytes: {error}."))?;
    Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
}

/// Keeps a connection going, and ends it when it is dropped.
pub type Driver = JoinSet<()>;

/// Sends a request over a new connection. The body of the response arrives as long as the driver is there.
pub async fn exchange(stream: Box<dyn Stream>, request: Request<Body>) -> Result<(Response<Incoming>, Driver), String> {
    let broke_off = |error: hyper::Error| format!("The connection broke off: {error}.");
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD).max_headers(HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broke_off)?;
    let mut driver = Driver::new();
    driver.spawn(async move { drop(connection.await) });
    let response = sender.send_request(request).await.map_err(broke_off)?;
    Ok((response, driver))
}
