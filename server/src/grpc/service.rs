//! One method over HTTP/2: `/envoy.service.auth.v3.Authorization/Check`.

use std::convert::Infallible;

use axum::{
    BoxError,
    body::{Body, Bytes, HttpBody},
    http::{Request, Response},
};
use tonic::{Status, server::Grpc};
use tonic_prost::ProstCodec;
use tower::service_fn;

use super::{
    check,
    message::{CheckRequest, CheckResponse},
};
use crate::{middleware::client::Peer, server::Server};

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
/// The largest signed body, and its headers.
const LARGEST: usize = 512 * 1024;

pub async fn answer(
    server: Server,
    peer: Peer,
    request: Request<impl HttpBody<Data = Bytes, Error = BoxError> + Send + 'static>,
) -> Result<Response<tonic::body::Body>, Infallible> {
    if request.uri().path() != CHECK {
        return Ok(Status::unimplemented("This listener knows envoy.service.auth.v3.Authorization/Check.").into_http());
    }
    let service = service_fn(move |request: tonic::Request<CheckRequest>| {
        let server = server.clone();
        async move { Ok::<_, Status>(tonic::Response::new(asked(&server, peer, request.into_inner()).await)) }
    });
    let codec = ProstCodec::<CheckResponse, CheckRequest>::default();
    Ok(Grpc::new(codec).max_decoding_message_size(LARGEST).unary(service, request).await)
}

/// Calls `/v1/auth` of this server, so that both protocols always agree.
async fn asked(server: &Server, peer: Peer, request: CheckRequest) -> CheckResponse {
    let Some(question) = check::question(&request) else { return check::unavailable() };
    let (head, body) = server.answer(peer, question.map(Body::from)).await.into_parts();
    match axum::body::to_bytes(body, LARGEST).await {
        Ok(body) => check::answer(&head, &body, &request),
        Err(error) => {
            tracing::warn!(%error, "an answer to Envoy could not be read");
            check::unavailable()
        }
    }
}
