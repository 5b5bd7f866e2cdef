//! Envoy's `ext_authz` over gRPC, on its own listener: the same check as over HTTP.
//!
//! Envoy sends everything in one message: the client's method, path, headers, address and, if configured, body; the
//! route's requirements are in its `context_extensions`, with the parameters of `/v1/auth`.

mod check;
mod message;
mod service;

pub use service::answer;
