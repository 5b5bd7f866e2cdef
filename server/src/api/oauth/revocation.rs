//! `POST /oauth/revoke`: signs a command line out (RFC 7009).

use axum::{
    extract::{Extension, State},
    http::StatusCode,
};
use sallyport::{audit::Actor, personal_token, request::Client};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{error::OAuthError, form::Form};
use crate::state::AppState;

/// The token to revoke.
#[derive(Deserialize, ToSchema)]
#[schema(as = RevocationRequest)]
#[allow(dead_code, reason = "describes the form")]
pub struct RevocationForm {
    /// The access token or the refresh token of the command line; both end.
    token: String,
    /// Always `sallyport-cli`.
    #[schema(example = "sallyport-cli")]
    client_id: String,
}

/// Sign a command line out
///
/// Its access token and its refresh token end at once. The answer is the same for unknown tokens.
#[utoipa::path(
    post, path = "/oauth/revoke", operation_id = "revokeTokens", tag = "Sign-in",
    request_body(content = RevocationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Signed out"),
        (status = 400, body = OAuthError, description = "The form is incomplete or wrong"),
        (status = 408, body = OAuthError, description = "The form did not arrive in time"),
        (status = 413, body = OAuthError, description = "The form is too large"),
        (status = 503, body = OAuthError, description = "Try again after `Retry-After` seconds"),
    )
)]
pub async fn revoke(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    form: Form,
) -> Result<StatusCode, OAuthError> {
    let token = form.need("token")?;
    if let Some(checked) = personal_token::parse(token).or_else(|| personal_token::parse_refresh(token)) {
        state.context.store.sign_command_line_out(&client.act(Actor::Anonymous), checked).await?;
    }
    Ok(StatusCode::OK)
}
