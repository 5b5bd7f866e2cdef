//! A handler's answer, whatever becomes of the handler: panics are caught, what machines wait for has an end, and what is
//! logged meanwhile names the request.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::Duration,
};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sallyport::id::RequestId;
use tokio::time::timeout;

/// Pages have the same, and a page that says so.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a handler to its answer.
pub async fn run(handler: impl Future<Output = Response>, id: &RequestId, of_api: bool) -> Response {
    if !of_api {
        return named(handler, id, false).await;
    }
    match timeout(TIMEOUT, named(handler, id, true)).await {
        Ok(response) => response,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Runs it under the request's name. The span of a request costs as much as judging a key in memory does, so a `quick`
/// one gets it only when it begins to wait: what logs something waited for the database before.
async fn named(handler: impl Future<Output = Response>, id: &RequestId, quick: bool) -> Response {
    let span = || tracing::info_span!("request", request_id = %id);
    let mut entered = (!quick).then(span);
    let mut handler = pin!(handler);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| match &entered {
            Some(span) => span.in_scope(|| handler.as_mut().poll(context)),
            None => handler.as_mut().poll(context),
        }));
        match polled {
            Ok(Poll::Pending) => {
                entered.get_or_insert_with(span);
                Poll::Pending
            }
            Ok(ready) => ready,
            Err(panic) => Poll::Ready(broken(&*panic, id)),
        }
    })
    .await
}

fn broken(panic: &(dyn Any + Send), id: &RequestId) -> Response {
    tracing::error!(request_id = %id, panic = words(panic), "a handler broke");
    (StatusCode::INTERNAL_SERVER_ERROR, "Something is broken here; it was logged.\n").into_response()
}

/// What a panic said.
pub fn words(panic: &(dyn Any + Send)) -> &str {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words")
}
