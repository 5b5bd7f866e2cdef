//! POST over HTTP/1.1. Only 2xx says that it was taken; redirects are not followed.

use axum::{
    body::Body,
    http::{HeaderValue, Request, header},
};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;

use super::{Collector, connection::connect};

pub(super) async fn post(collector: &Collector, content_type: &'static str, body: Body) -> Result<(), String> {
    let settings = &collector.settings;
    let mut request = Request::post(&settings.path)
        .header(header::HOST, settings.authority())
        .header(header::CONTENT_TYPE, content_type)
        .header(header::USER_AGENT, concat!("Sallyport/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(body)
        .map_err(|_| "has an address that can't be asked for".to_owned())?;
    if let Some(token) = &settings.token {
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.as_str()))
            .map_err(|_| "has a token that can't be sent".to_owned())?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    let broke_off = |error: hyper::Error| format!("broke off: {error}");
    let (mut sender, connection) = handshake(TokioIo::new(connect(collector).await?)).await.map_err(broke_off)?;
    let mut answering = std::pin::pin!(sender.send_request(request));
    let answer = tokio::select! {
        biased;
        answer = &mut answering => answer,
        // It drives the request; once it has ended, the request has its outcome.
        _ = connection => answering.await,
    };
    let status = answer.map_err(broke_off)?.status();
    if status.is_success() { Ok(()) } else { Err(format!("answered {status}")) }
}
