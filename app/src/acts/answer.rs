//! Serves acts at their own addresses, for islands.

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use leptos::{
    prelude::provide_context,
    server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER},
};

use super::{ActError, Caller};
use crate::{context::Context, error::PageError, form};

const KIND: &str = "application/x-www-form-urlencoded";

/// Runs the act with this address. Errors have their own status, while the framework would always respond with 500.
pub(super) async fn answer(State(context): State<Context>, request: Request) -> Response {
    let mut response = match run(&context, request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn run(context: &Context, request: Request) -> Result<Response, ActError> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, context).await?;
    let address = parts.uri.path().to_owned();
    let form = form::sent(Request::from_parts(parts, body), context).await?;
    // Nothing else of the request: with `Accept` and `Referer` the framework would redirect browsers.
    let mut request = Request::new(Body::from(form));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = address.parse().map_err(|_| PageError::NotFound)?;
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(KIND));
    let answered = leptos_axum::handle_server_fns_with_context(move || provide_context(caller.clone()), request);
    let response = answered.await.into_response();
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return Ok(response);
    }
    let error = to_bytes(response.into_body(), form::LIMIT).await.unwrap_or_default();
    Err(ActError::de(error))
}
