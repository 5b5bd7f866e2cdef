//! Resetting a password without the old one.

use leptos::prelude::*;
use sallyport::{
    Error,
    audit::Actor,
    id::ResetId,
    limit::whole_seconds,
    password_reset::of_token,
    throttle::{Throttled, Throttles, Who},
    user::{User, check_email},
};

use super::{ActError, Caller, account::check_new_password};
use crate::{attempts::in_words, context::Context, error::PageError};

/// Shown where mail is off.
pub const NO_MAIL: &str = "This portal does not send mail. Ask one of its operators for a link to reset \
    your password.";

/// Sends a link to an e-mail address, if an account has it. The response is the same if none has it.
#[server(prefix = "/act", endpoint = "password-resets/request")]
pub async fn request_password_reset(#[server(default)] email: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let context = &caller.context;
    if !context.has_mail {
        return Err(ActError::Refused(PageError::Forbidden(NO_MAIL.to_owned())));
    }
    let email = check_email(&email)?;
    let attempt = match context.attempts.begin(Who::Forgotten(caller.client.ip), &email).await? {
        Ok(attempt) => attempt,
        Err(Throttled { wait, .. }) => {
            let message = format!(
                "Links were asked for too often. Look for an earlier mail, or try again in {}.",
                in_words(wait)
            );
            return Err(ActError::Throttled { field: String::new(), message, seconds: whole_seconds(wait) });
        }
    };
    let nobody = caller.client.act(Actor::Anonymous);
    if let Err(error) = caller.store().request_password_reset(&nobody, &email).await {
        context.attempts.take_back(attempt).await;
        return Err(error.into());
    }
    Ok(())
}

/// The person whose password the link with this token sets, while it works.
pub async fn open(context: &Context, token: &str) -> Result<Option<(ResetId, User)>, Error> {
    let Some(reset) = of_token(context.store.vault(), token) else { return Ok(None) };
    Ok(context.store.open_password_reset(&reset).await?.map(|(user, _)| (reset, user)))
}

/// Sets a new password with a link, once. It ends every session of the person and signs nobody in (OWASP: Forgot
/// Password Cheat Sheet).
#[server(prefix = "/act", endpoint = "password-resets/use")]
pub async fn reset_password(token: String, #[server(default)] new_password: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let context = &caller.context;
    let (reset, user) = open(context, &token).await?.ok_or(PageError::NotFound)?;
    let new = check_new_password(&new_password, &user)?;
    let hash = context.passwords.hash_new(&new, "new_password").await?;
    caller.store().reset_password(&caller.client.act(Actor::Anonymous), &reset, hash).await?;
    Ok(())
}
