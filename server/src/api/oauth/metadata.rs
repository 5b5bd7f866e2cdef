//! `/.well-known/oauth-authorization-server`: what a client has to know (RFC 8414).

use axum::{Json, extract::State, response::IntoResponse};
use sallyport::personal_token::TokenScope;
use serde::Serialize;
use utoipa::ToSchema;

use super::{CLIENT, token};
use crate::state::AppState;

pub const PATH: &str = "/.well-known/oauth-authorization-server";

/// The endpoints and what they accept.
#[derive(Serialize, ToSchema)]
#[schema(as = AuthorizationServer)]
pub struct Metadata {
    /// The address of the portal.
    issuer: String,
    /// Where a sign-in begins.
    device_authorization_endpoint: String,
    /// Where tokens are handed out.
    token_endpoint: String,
    /// Where tokens are revoked.
    revocation_endpoint: String,
    /// The device code, and the refresh token.
    grant_types_supported: [&'static str; 2],
    /// Empty: there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    /// `none`: the client is public.
    token_endpoint_auth_methods_supported: [&'static str; 1],
    /// `none`: whoever has a token may revoke it.
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
    /// The scopes of personal tokens.
    scopes_supported: [&'static str; 4],
    /// The page that describes the API.
    service_documentation: String,
    /// The id of the only client.
    client_id: &'static str,
}

/// Read the metadata of the sign-in of command lines
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", operation_id = "getAuthorizationServer", tag = "Sign-in",
    responses((status = 200, body = Metadata))
)]
pub async fn read(State(state): State<AppState>) -> impl IntoResponse {
    let url = &state.context.public_url;
    Json(Metadata {
        issuer: url.clone(),
        device_authorization_endpoint: format!("{url}/oauth/device_authorization"),
        token_endpoint: format!("{url}/oauth/token"),
        revocation_endpoint: format!("{url}/oauth/revoke"),
        grant_types_supported: token::GRANT_TYPES,
        response_types_supported: [],
        token_endpoint_auth_methods_supported: ["none"],
        revocation_endpoint_auth_methods_supported: ["none"],
        scopes_supported: TokenScope::ALL.map(TokenScope::as_str),
        service_documentation: format!("{url}/docs"),
        client_id: CLIENT,
    })
}
