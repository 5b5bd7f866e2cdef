//! Acts of a person on their passkeys.

use leptos::prelude::*;
use sallyport::{
    id::PasskeyId,
    passkey::{NotProved, check_name},
    second_factor::RecoveryCode,
};

use super::{
    ActError, Caller, InPage,
    passkey_proof::{NO_PASSKEYS, TOO_LATE},
};
use crate::{access::OwnPasskey, error::PageError, passkey_challenge::AskedToAdd, sign_in_cookies::Kept};

/// Adds the passkey that the browser has just made. Returns the recovery codes if there were none.
#[server(prefix = "/act", endpoint = "account/add-passkey")]
pub async fn add_passkey(
    #[server(default)] name: String,
    #[server(default)] credential: String,
) -> Result<InPage<Option<Vec<RecoveryCode>>>, ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let context = &caller.context;
    let portal = context.relying_party.as_ref().ok_or(PageError::BadRequest(NO_PASSKEYS.to_owned()))?;
    caller.fresh(&me).await?;
    let name = check_name(&name)?;
    if credential.is_empty() {
        return Err(ActError::field("", "Your browser sent no passkey: that needs JavaScript."));
    }
    let asked = AskedToAdd::of(context, &caller.headers).filter(|asked| asked.user == me.user.id);
    let asked = asked.ok_or_else(|| ActError::field("", TOO_LATE))?;
    let new = portal.added(&asked.challenge, &credential).map_err(|why| {
        if let NotProved::Wrong(why) = why {
            tracing::info!(user = %me.user.id, ?why, "a new passkey was not accepted");
        }
        ActError::field("", "The portal can’t use this passkey. Try again, or make one on another device.")
    })?;
    Ok(InPage(caller.store().add_passkey(&me.act(), &me.user, &name, new).await?))
}

/// Removes one of one's own passkeys.
#[server(prefix = "/act", endpoint = "account/remove-passkey")]
pub async fn remove_passkey(passkey: PasskeyId) -> Result<(), ActError> {
    let caller = Caller::current();
    let OwnPasskey { me, passkey } = caller.access(&passkey).await?;
    caller.fresh(&me).await?;
    if !caller.store().remove_passkey(&me.act(), &me.user, &passkey.id).await? {
        return Err(PageError::NotFound.into());
    }
    Ok(())
}
