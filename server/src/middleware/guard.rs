//! Runs a handler safely: panics are caught, requests of `/v1` have a time limit, and log lines include the request's
//! id.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sallyport::id::RequestId;
use tokio::time::timeout;

use super::trace::Trace;

/// Pages have the same limit, with an error page.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a handler. Most requests of machines are answered from memory without waiting: the span, which costs as much
/// as the check, and the time limit start only when the handler has to wait.
pub async fn run(
    handler: impl Future<Output = Response>,
    (id, trace): (&RequestId, Option<Trace>),
    of_api: bool,
) -> Response {
    let mut handler = pin!(handler);
    let mut caught = poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| Poll::Ready(broken(&*panic, id)))
    });
    if of_api && let Poll::Ready(response) = poll_fn(|context| Poll::Ready(Pin::new(&mut caught).poll(context))).await {
        return response;
    }
    let span = tracing::info_span!("request", request_id = %id, trace_id = trace.map(tracing::field::display));
    let named = poll_fn(|context| span.in_scope(|| Pin::new(&mut caught).poll(context)));
    if !of_api {
        return named.await;
    }
    timeout(TIMEOUT, named).await.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

fn broken(panic: &(dyn Any + Send), id: &RequestId) -> Response {
    tracing::error!(request_id = %id, panic = words(panic), "a handler broke");
    (StatusCode::INTERNAL_SERVER_ERROR, "Internal error; it was logged.\n").into_response()
}

/// The message of a panic.
pub fn words(panic: &(dyn Any + Send)) -> &str {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words")
}
