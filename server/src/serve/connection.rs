//! One connection: HTTP/1.1 for pages and `/v1`, HTTP/2 for gRPC only.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use hyper::{
    Request,
    body::{Body as _, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::{
    activity::{Activity, InFlight},
    bodies::{Download, Upload},
    connections::Slot,
    shutdown::{Draining, Shutdown},
    socket::Socket,
};
use crate::{grpc, middleware::client::Peer, server::Server};

/// A gateway's connection stays open; a missing reply to this ping shows that it is gone.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(10);
/// Concurrent requests on one connection; Envoy opens another for more.
const STREAMS: u32 = 128;
/// For a request's head, and for a response that waits for its reader.
const BUFFER: usize = 128 * 1024;

static KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
/// [`super::limits::KEEP_ALIVE_SECONDS`] as a header value.
const KEEP_ALIVE_VALUE: HeaderValue = HeaderValue::from_static("timeout=15");

/// The protocol of a listener.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http,
    Grpc,
}

/// What a listener serves.
#[derive(Clone)]
pub struct Service {
    pub protocol: Protocol,
    pub server: Server,
    pub shutdown: Shutdown,
    pub draining: Draining,
}

impl Service {
    pub fn new(protocol: Protocol, server: &Server, shutdown: &Shutdown) -> Self {
        Self { protocol, server: server.clone(), shutdown: shutdown.clone(), draining: Draining::default() }
    }

    pub fn is_grpc(&self) -> bool {
        self.protocol == Protocol::Grpc
    }
}

/// Serves a connection to its end.
pub async fn serve(stream: TcpStream, peer: SocketAddr, service: Service, place: Slot) {
    // Responses are small: waiting to fill a packet would only add latency.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Socket::new(stream, Arc::clone(&place.activity), service.is_grpc()));
    let ended = match service.protocol {
        Protocol::Http => http(io, Peer(peer), service, &place).await,
        Protocol::Grpc => grpc(io, Peer(peer), service, &place).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn http(io: TokioIo<Socket>, peer: Peer, service: Service, place: &Slot) -> hyper::Result<()> {
    let Service { server, draining, .. } = service;
    let (activity, is_reserved) = (&place.activity, place.is_reserved);
    let answer = |request: Request<Incoming>| {
        let in_flight = InFlight::begin(activity);
        let (server, draining) = (&server, &draining);
        async move {
            let mut response = if is_reserved && request.uri().path() != "/healthz" {
                full()
            } else {
                server.answer(peer, request.map(|body| body_of(body, in_flight.activity()))).await
            };
            let is_late = in_flight.activity().body_was_late();
            if is_late {
                too_late(&mut response);
            }
            persistence(response.headers_mut(), is_late || is_reserved || draining.is_begun());
            Ok::<_, Infallible>(response.map(|body| Download::new(body, in_flight)))
        }
    };
    let mut http = http1::Builder::new();
    // The sweeper closes connections without a request, so no timer is needed for each.
    http.header_read_timeout(None).max_buf_size(BUFFER);
    http.serve_connection(io, service_fn(answer)).await
}

async fn grpc(io: TokioIo<Socket>, peer: Peer, service: Service, place: &Slot) -> hyper::Result<()> {
    let Service { server, draining, .. } = service;
    let activity = Arc::clone(&place.activity);
    let answer = move |request: Request<Incoming>| {
        let (in_flight, server) = (InFlight::begin(&activity), server.clone());
        async move {
            let request = request.map(|body| Upload::new(body, in_flight.activity()));
            let answered = grpc::answer(server, peer, request).await;
            answered.map(|response| response.map(|body| Download::new(body, in_flight)))
        }
    };
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new()).keep_alive_interval(PING).keep_alive_timeout(PONG).max_concurrent_streams(STREAMS);
    let mut connection = pin!(http.serve_connection(io, service_fn(answer)));
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = draining.begun() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

fn body_of(body: Incoming, activity: &Arc<Activity>) -> Body {
    if body.is_end_stream() { Body::empty() } else { Body::new(Upload::new(body, activity)) }
}

/// Tells the client whether it may send another request, and until when.
fn persistence(headers: &mut HeaderMap, is_last: bool) {
    if is_last {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    } else if !headers.contains_key(header::CONNECTION) {
        headers.insert(KEEP_ALIVE.clone(), KEEP_ALIVE_VALUE);
    }
}

/// No slot is free.
fn full() -> Response {
    let mut response = Response::new(Body::from("Too many connections; try again in a moment.\n"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    plain(response.headers_mut());
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Changes the response to an incomplete body to 408 (RFC 9110 §15.5.9).
fn too_late(response: &mut Response) {
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    let headers = response.headers_mut();
    for name in [header::CONTENT_ENCODING, header::CONTENT_LENGTH, header::LOCATION, header::SET_COOKIE] {
        headers.remove(name);
    }
    plain(headers);
    *response.body_mut() = Body::from("The body of this request did not arrive in time.\n");
}

fn plain(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::{super::limits::KEEP_ALIVE_SECONDS, *};

    #[test]
    fn clients_are_told_how_long_an_idle_connection_stays_open() {
        let mut headers = HeaderMap::new();
        persistence(&mut headers, false);
        assert_eq!(headers["keep-alive"], format!("timeout={KEEP_ALIVE_SECONDS}").as_str());
        let mut headers = HeaderMap::new();
        persistence(&mut headers, true);
        assert_eq!(headers["connection"], "close");
        assert!(!headers.contains_key("keep-alive"));
    }
}
