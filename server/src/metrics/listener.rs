//! The listener of `/metrics`. It knows no other path, and the public listener does not know this one.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode, header},
    response::Response,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use sallyport::metrics::Text;
use tokio::{net::TcpListener, sync::Semaphore, time::sleep};

use super::Scrape;

/// Scrapes are few; more connections wait.
const CONNECTIONS: usize = 16;
/// The time for a request's head.
const HEAD: Duration = Duration::from_secs(10);
/// A connection is closed after this, whatever it does.
const LONGEST: Duration = Duration::from_secs(300);

/// Answers scrapes until the process ends.
pub async fn answer(socket: TcpListener, scrape: Arc<Scrape>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection for metrics could not be accepted");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let scrape = Arc::clone(&scrape);
        tokio::spawn(async move {
            let _place = place;
            let respond = |request: Request<Incoming>| {
                let (scrape, method, path) =
                    (Arc::clone(&scrape), request.method().clone(), request.uri().path().to_owned());
                async move { Ok::<_, Infallible>(response(&scrape, &method, &path).await) }
            };
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD);
            let serving = http.serve_connection(TokioIo::new(stream), service_fn(respond));
            let _ = tokio::time::timeout(LONGEST, serving).await;
        });
    }
}

async fn response(scrape: &Scrape, method: &Method, path: &str) -> Response {
    let (status, kind, body) = match (path, method) {
        ("/metrics", &Method::GET | &Method::HEAD) => (StatusCode::OK, Text::CONTENT_TYPE, scrape.text().await),
        ("/metrics", _) => (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "Only GET.\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, PLAIN, "Only /metrics is here.\n".to_owned()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

const PLAIN: &str = "text/plain; charset=utf-8";
