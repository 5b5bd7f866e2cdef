//! One method over HTTP/2: `/envoy.service.auth.v3.Authorization/Check`.

use std::convert::Infallible;

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
};
use hyper::body::Incoming;
use tonic::{Status, server::Grpc};
use tonic_prost::ProstCodec;
use tower::{ServiceExt, service_fn};

use super::{
    check,
    message::{CheckRequest, CheckResponse},
};
use crate::middleware::client::Peer;

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
/// The largest body that may be signed, and its headers.
const LARGEST: usize = 512 * 1024;

pub async fn answer(
    router: Router,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Response<tonic::body::Body>, Infallible> {
    if request.uri().path() != CHECK {
        return Ok(Status::unimplemented("This listener knows envoy.service.auth.v3.Authorization/Check.").into_http());
    }
    let service = service_fn(move |request: tonic::Request<CheckRequest>| {
        let router = router.clone();
        async move { Ok::<_, Status>(tonic::Response::new(asked(router, peer, request.into_inner()).await)) }
    });
    let codec = ProstCodec::<CheckResponse, CheckRequest>::default();
    Ok(Grpc::new(codec).max_decoding_message_size(LARGEST).unary(service, request).await)
}

/// Asks `/v1/auth` of this very server, so that both forms can't but say the same.
async fn asked(router: Router, peer: Peer, request: CheckRequest) -> CheckResponse {
    let Some(question) = check::question(&request) else { return check::unavailable() };
    let mut question = question.map(Body::from);
    question.extensions_mut().insert(peer);
    let answered = router.oneshot(question).await;
    let (head, body) = answered.unwrap_or_else(|never: Infallible| match never {}).into_parts();
    match axum::body::to_bytes(body, LARGEST).await {
        Ok(body) => check::answer(&head, &body, &request),
        Err(error) => {
            tracing::warn!(%error, "an answer to Envoy could not be read");
            check::unavailable()
        }
    }
}
