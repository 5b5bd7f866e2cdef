//! `POST /oauth/token`: the tokens of a command line, once it is approved, and new ones for a refresh token.

use axum::{
    extract::{Extension, State},
    response::Response,
};
use sallyport::{
    audit::{Act, Actor},
    device::{self, DeviceAnswer, SignInTokens},
    personal_token::{self, ACCESS_VALID},
    request::Client,
    store::Store,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{error::OAuthError, form::Form, secret};
use crate::state::AppState;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REFRESH_TOKEN: &str = "refresh_token";
pub const GRANT_TYPES: [&str; 2] = [DEVICE_CODE, REFRESH_TOKEN];

/// A command line that asks for tokens.
#[derive(Deserialize, ToSchema)]
#[schema(as = TokenRequest)]
#[allow(dead_code, reason = "describes the form")]
pub struct TokenForm {
    /// `urn:ietf:params:oauth:grant-type:device_code`, or `refresh_token`.
    #[schema(example = "urn:ietf:params:oauth:grant-type:device_code")]
    grant_type: String,
    /// Always `sallyport-cli`.
    #[schema(example = "sallyport-cli")]
    client_id: String,
    /// Of the sign-in, with the first grant type.
    device_code: Option<String>,
    /// Of the tokens before, with the second.
    refresh_token: Option<String>,
}

/// The tokens of a command line.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub struct TokensResponse<'a> {
    /// For `Authorization: Bearer`.
    #[schema(example = "sp_pat_…")]
    access_token: &'a str,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 3600)]
    expires_in: u64,
    /// For the next tokens, once. A sign-in that was not used for 30 days ends.
    #[schema(example = "sp_ref_…")]
    refresh_token: &'a str,
    /// What the token may do, separated by spaces.
    scope: String,
}

/// Get the tokens of a command line
///
/// Until the person has answered, the error is `authorization_pending`: ask again after `interval` seconds. After
/// `slow_down`, wait five seconds longer each time. A refresh token works once.
#[utoipa::path(
    post, path = "/oauth/token", operation_id = "getTokens", tag = "Sign-in",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = TokensResponse),
        (status = 400, body = OAuthError, description = "Not yet, or not at all: see `error`"),
        (status = 408, body = OAuthError, description = "The form did not arrive in time"),
        (status = 413, body = OAuthError, description = "The form is too large"),
        (status = 503, body = OAuthError, description = "Try again after `Retry-After` seconds"),
    )
)]
pub async fn issue(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    form: Form,
) -> Result<Response, OAuthError> {
    let (store, act) = (&state.context.store, client.act(Actor::Anonymous));
    let tokens = match form.need("grant_type")? {
        DEVICE_CODE => ask(store, &act, form.need("device_code")?).await?,
        REFRESH_TOKEN => refresh(store, &act, form.need("refresh_token")?).await?,
        _ => {
            let description = format!("The grant types are {DEVICE_CODE} and {REFRESH_TOKEN}.");
            return Err(OAuthError::new("unsupported_grant_type", description));
        }
    };
    Ok(secret(&TokensResponse {
        access_token: tokens.access.expose(),
        token_type: "Bearer",
        expires_in: ACCESS_VALID.as_secs(),
        refresh_token: tokens.refresh.expose(),
        scope: tokens.scopes.to_string(),
    }))
}

async fn ask(store: &Store, act: &Act, code: &str) -> Result<SignInTokens, OAuthError> {
    let answer = match device::parse(code) {
        Some(code) => store.ask_device(act, code).await?,
        None => DeviceAnswer::Invalid,
    };
    Err(match answer {
        DeviceAnswer::Approved(tokens) => return Ok(tokens),
        DeviceAnswer::Pending => OAuthError::new("authorization_pending", "Nobody has approved or denied it yet."),
        DeviceAnswer::SlowDown => OAuthError::new("slow_down", "Wait five seconds longer between two questions."),
        DeviceAnswer::Denied => OAuthError::new("access_denied", "The sign-in was denied."),
        DeviceAnswer::Expired => OAuthError::new("expired_token", "The code has expired. Begin again."),
        DeviceAnswer::Invalid => OAuthError::new("invalid_grant", "The device code is unknown or was used."),
    })
}

async fn refresh(store: &Store, act: &Act, token: &str) -> Result<SignInTokens, OAuthError> {
    let tokens = match personal_token::parse_refresh(token) {
        Some(token) => store.refresh_command_line(act, token).await?,
        None => None,
    };
    tokens.ok_or_else(|| OAuthError::new("invalid_grant", "The refresh token is unknown or has ended. Sign in again."))
}
