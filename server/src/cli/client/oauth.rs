//! The OAuth endpoints of a portal: tokens and their end.

use std::time::Duration;

use sallyport::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use ureq::http::Method;

use super::{
    credentials::Tokens,
    http::{Body, NoResponse, Request, Response, Transport},
    portal_url::PortalUrl,
};

/// The name of this client in every portal.
pub const CLIENT_ID: &str = "sallyport-cli";

/// A request to an OAuth endpoint.
pub fn post(
    transport: &dyn Transport,
    url: &PortalUrl,
    path: &str,
    fields: Vec<(&'static str, String)>,
) -> Result<Response, NoResponse> {
    let mut form = vec![("client_id", CLIENT_ID.to_owned())];
    form.extend(fields);
    transport.send(url, &Request::new(Method::POST, path, Body::Form(form)))
}

/// The answer of `/oauth/token` (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
}

/// The tokens in a response of `/oauth/token`, if they are there.
pub fn tokens(body: &Value, now: Timestamp) -> Option<Tokens> {
    let TokenResponse { access_token, refresh_token, expires_in } = TokenResponse::deserialize(body).ok()?;
    let is_token = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_token(&access_token) || !refresh_token.iter().all(is_token) {
        return None;
    }
    // A year is longer than any access token is valid.
    let expires_in = expires_in.map(|seconds| Duration::from_secs(seconds.min(365 * 24 * 60 * 60)));
    let expires_at = expires_in.map(|after| (now + after).to_rfc3339());
    Some(Tokens { access_token, refresh_token, expires_at })
}

/// The `error` of a response (RFC 6749, section 5.2).
pub fn error(response: &Response) -> &str {
    response.body["error"].as_str().unwrap_or_default()
}

/// Ends a sign-in (RFC 7009).
pub fn revoke(transport: &dyn Transport, url: &PortalUrl, tokens: &Tokens) -> Result<(), String> {
    // The end of a refresh token ends its access tokens.
    let token = tokens.refresh_token.as_ref().unwrap_or(&tokens.access_token);
    let response =
        post(transport, url, "/oauth/revoke", vec![("token", token.clone())]).map_err(|NoResponse(why)| why)?;
    if response.status == 200 { Ok(()) } else { Err(super::problem::sentences(url, &response)) }
}
