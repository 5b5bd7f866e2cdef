//! `POST /oauth/device_authorization`: a command line begins to sign in (RFC 8628, section 3.1).

use axum::{
    extract::{Extension, State},
    response::Response,
};
use sallyport::{
    audit::Actor,
    device::{INTERVAL, VALID},
    personal_token::TokenScopes,
    request::Client,
    throttle::{Throttles, Who},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{error::OAuthError, form::Form, secret};
use crate::state::AppState;

/// A command line that asks to be signed in.
#[derive(Deserialize, ToSchema)]
#[schema(as = DeviceAuthorizationRequest)]
#[allow(dead_code, reason = "describes the form")]
pub struct DeviceAuthorizationForm {
    /// Always `sallyport-cli`.
    #[schema(example = "sallyport-cli")]
    client_id: String,
    /// Scopes of the token, separated by spaces: `read`, `keys`, `places`, `members`. Without it, all of them.
    scope: Option<String>,
    /// What the person who approves it reads: the program and the machine.
    #[schema(max_length = 100, example = "sallyport 0.1.0 on laptop")]
    device_name: Option<String>,
}

/// The codes of a sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceAuthorization)]
pub struct DeviceAuthorization<'a> {
    /// With it the command line asks for its tokens.
    device_code: &'a str,
    /// The person types it at `verification_uri`.
    #[schema(example = "WDJB-MJHT")]
    user_code: String,
    /// Where the person types the code.
    verification_uri: String,
    /// The same page with the code filled in.
    verification_uri_complete: String,
    /// Seconds until the codes expire.
    #[schema(example = 600)]
    expires_in: u64,
    /// Seconds to wait between two questions.
    #[schema(example = 5)]
    interval: u64,
}

/// Begin to sign a command line in
///
/// Show the code and the address to the person, and ask for the tokens in the meantime.
#[utoipa::path(
    post, path = "/oauth/device_authorization", operation_id = "startDeviceSignIn", tag = "Sign-in",
    request_body(content = DeviceAuthorizationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = DeviceAuthorization),
        (status = 400, body = OAuthError, description = "The form is incomplete or wrong"),
        (status = 408, body = OAuthError, description = "The form did not arrive in time"),
        (status = 413, body = OAuthError, description = "The form is too large"),
        (status = 429, body = OAuthError, description = "Too many sign-ins were begun from this address"),
        (status = 503, body = OAuthError, description = "Try again after `Retry-After` seconds"),
    )
)]
pub async fn start(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    form: Form,
) -> Result<Response, OAuthError> {
    let scopes = match form.get("scope") {
        None => TokenScopes::ALL,
        Some(text) => TokenScopes::parse(text).map_err(|error| OAuthError::new("invalid_scope", error.to_string()))?,
    };
    let context = &state.context;
    // Every sign-in counts, so the attempt is not taken back.
    let _attempt = match context.attempts.begin(Who::CommandLine(client.ip), "").await? {
        Ok(attempt) => attempt,
        Err(throttled) => return Err(OAuthError::throttled(throttled.wait)),
    };
    let name = form.get("device_name").unwrap_or("A command line");
    let codes = context.store.start_device_sign_in(&client.act(Actor::Anonymous), name, scopes).await?;
    let (user_code, page) = (codes.user_code.to_string(), format!("{}/device", context.public_url));
    Ok(secret(&DeviceAuthorization {
        device_code: codes.device_code.expose(),
        verification_uri_complete: format!("{page}?user_code={user_code}"),
        user_code,
        verification_uri: page,
        expires_in: VALID.as_secs(),
        interval: INTERVAL.as_secs(),
    }))
}
