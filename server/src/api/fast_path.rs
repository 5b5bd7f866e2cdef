//! The endpoints that are called for each request of an API. They are served before the router, which clones and
//! boxes its services on each request.

use axum::{body::Body, http::Request, response::Response};
use sallyport::request::Client;

use super::{auth, verify};
use crate::state::AppState;

/// Any method; each endpoint checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FastPath {
    Auth,
    Envoy,
    Verify,
}

impl FastPath {
    pub const ALL: [Self; 3] = [Self::Auth, Self::Envoy, Self::Verify];

    /// The label of its measurements.
    pub const fn route(self) -> &'static str {
        match self {
            Self::Auth => "/v1/auth",
            Self::Envoy => "/v1/auth/envoy/{requirement}/{*path}",
            Self::Verify => "/v1/keys/verify",
        }
    }

    pub fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/auth" => Some(Self::Auth),
            "/v1/keys/verify" => Some(Self::Verify),
            path => path.starts_with(auth::ENVOY).then_some(Self::Envoy),
        }
    }

    /// The response reaches the holder of the key, so it is formatted according to the profile.
    pub fn is_of_a_gateway(self) -> bool {
        self != Self::Verify
    }

    pub async fn answer(self, state: &AppState, client: &Client, request: Request<Body>) -> Response {
        match self {
            Self::Auth => auth::auth(state, client, request).await,
            Self::Envoy => auth::envoy(state, client, request).await,
            Self::Verify => verify::verify(state, client, request).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_one_path() {
        for (path, endpoint) in [
            ("/v1/auth", Some(FastPath::Auth)),
            ("/v1/auth/", None),
            ("/v1/authority", None),
            ("/v1/auth/envoy", None),
            ("/v1/auth/envoy/", Some(FastPath::Envoy)),
            ("/v1/auth/envoy/write/leads", Some(FastPath::Envoy)),
            ("/v1/keys/verify", Some(FastPath::Verify)),
            ("/v1/keys/verify/", None),
            ("//v1/auth", None),
        ] {
            assert_eq!(FastPath::of(path), endpoint, "{path}");
        }
    }
}
