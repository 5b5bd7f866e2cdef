//! Envoy's `ext_authz` over gRPC, on a listener of its own: the same question as over HTTP, asked in another way.
//!
//! Envoy tells it everything in one message: the client's method, path, headers, address and, where it is set up so,
//! body; what the route requires stands in its `context_extensions`, in the words of `/v1/auth`'s query.

mod check;
mod message;
mod service;

pub use service::answer;
